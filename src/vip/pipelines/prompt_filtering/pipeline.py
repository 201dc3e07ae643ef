"""Raw prompts in; judged prompts, those of the block search and those of the evaluation out."""

from typing import Any

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.prompt_filtering import nodes

SETTINGS = "params:prompt_filtering"


def create_pipeline(**_kwargs: Any) -> Pipeline:
    """Clean, judge and label, once for all stages."""
    return pipeline(
        [
            node(
                nodes.clean_prompts,
                inputs=["raw_prompts", SETTINGS],
                outputs=["clean_prompts", "filtering_counts"],
                name="clean_prompts",
            ),
            node(
                nodes.judge_prompts,
                inputs=["clean_prompts", SETTINGS],
                outputs="prompt_judgements",
                name="prompt_judgements",
            ),
            node(nodes.label_prompts, inputs="prompt_judgements", outputs="prompts", name="prompts"),
            node(
                nodes.choose_scoring_prompts,
                inputs=["prompts", SETTINGS],
                outputs="scoring_prompts",
                name="scoring_prompts",
            ),
            node(
                nodes.prepare_evaluation_prompts,
                inputs=["raw_evaluation_prompts", "prompts", SETTINGS],
                outputs="evaluation_prompts",
                name="evaluation_prompts",
            ),
        ],
        tags="prompt_filtering",
    )
