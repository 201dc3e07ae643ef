"""Raw prompts in; judged prompts, those of the block search and those of the evaluation out."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.prompt_filtering import nodes

SETTINGS = "params:prompt_filtering"


def labelled(prompts: str, judgements: str, labels: str) -> list[Node]:
    """The two nodes that judge a dataset of clean prompts and put the judgements beside them."""
    return [
        node(nodes.judge_prompts, inputs=[prompts, SETTINGS], outputs=judgements, name=judgements),
        node(nodes.label_prompts, inputs=judgements, outputs=labels, name=labels),
    ]


def held_out_prompts(name: str) -> list[Node]:
    """The nodes that turn `raw_<name>_prompts` into `<name>_prompts`, none of which is among `prompts`."""
    clean = node(
        nodes.clean_evaluation_prompts,
        inputs=[f"raw_{name}_prompts", "prompts", SETTINGS],
        outputs=f"clean_{name}_prompts",
        name=f"clean_{name}_prompts",
    )
    return [clean, *labelled(f"clean_{name}_prompts", f"{name}_judgements", f"{name}_prompts")]


def create_pipeline() -> Pipeline:
    """Clean, judge and label, once for all stages."""
    return pipeline(
        [
            node(
                nodes.clean_prompts,
                inputs=["raw_prompts", SETTINGS],
                outputs=["clean_prompts", "filtering_counts"],
                name="clean_prompts",
            ),
            *labelled("clean_prompts", "prompt_judgements", "prompts"),
            node(
                nodes.count_described,
                inputs=["prompts", SETTINGS],
                outputs="judging_counts",
                name="judging_counts",
            ),
            node(
                nodes.choose_scoring_prompts,
                inputs=["prompts", SETTINGS],
                outputs="scoring_prompts",
                name="scoring_prompts",
            ),
            *held_out_prompts("evaluation"),
        ],
        tags="prompt_filtering",
    )
