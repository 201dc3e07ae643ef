"""The teacher's own clips, ranked by a preference; the model that learned it, and what else that changed."""

from collections.abc import Mapping, Sequence

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.evaluation.arguments import argument_name
from vip.evaluation.effects import PREFERENCE
from vip.pipelines.alignment.nodes import (
    choose_prompts,
    draw_samples,
    measure_effects,
    rank_samples,
    write_page,
)
from vip.pipelines.alignment.run_parameters import ALIGNMENT
from vip.pipelines.comparison.evaluators import REWARD
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.redpo_training import pipeline as redpo_training
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.video_generation.pipeline import clips_of

MODELS = {"full": "teacher", "student": "student"}
JUDGES = {PREFERENCE: "params:preference", REWARD: "params:scoring"}
"""What the preference likes, and what may have suffered; second opinions join them."""
TRAINING = f"params:{RUNS}.{ALIGNMENT}.redpo_training"
SETTINGS = ("params:alignment", "params:evaluation")
SHARED_INPUTS = ("teacher", "prompts", "scoring_prompts", "evaluation_prompts")


def create_pipeline(opinions: Sequence[str] = ()) -> Pipeline:
    """Samples, pairs and training, where winners and losers are the teacher's; both models evaluated."""
    judges = JUDGES | {name: f"params:{RUNS}.second_opinions.{name}" for name in opinions}
    training = pipeline(
        redpo_training.create_pipeline(),
        inputs={"pruned": "teacher", "full_clips": "sample_clips", "pruned_clips": "sample_clips"},
        parameters={"params:redpo_training": TRAINING},
    )
    whole = pipeline([*_pairs(), *_evaluation(judges)], tags=ALIGNMENT) + training
    return pipeline(
        whole,
        namespace=ALIGNMENT,
        inputs=set(SHARED_INPUTS),
        parameters={name for name in whole.inputs() if name.startswith("params:")},
    )


def _pairs() -> list[Node]:
    return [
        node(
            choose_prompts,
            inputs=["prompts", "scoring_prompts", "params:prompt_filtering", "params:alignment"],
            outputs="stage_prompts",
            name="stage_prompts",
        ),
        node(
            draw_samples,
            inputs=["teacher", "stage_prompts", "params:video_generation", "params:alignment"],
            outputs="sample_clips",
            name="sample_clips",
        ),
        *scores_of("sample", scoring=JUDGES["preference"]),
        node(
            rank_samples,
            inputs=["sample_scores", "params:alignment"],
            outputs=["pairs", "pair_counts"],
            name="pairs",
        ),
    ]


def _evaluation(judges: Mapping[str, str]) -> list[Node]:
    clips = [
        clips_of(model, "evaluation_prompts", f"{name}_evaluation_clips") for name, model in MODELS.items()
    ]
    scores = [
        step
        for name in MODELS
        for evaluator, scoring in judges.items()
        for step in scores_of(f"{name}_{evaluator}", f"{name}_evaluation_clips", scoring)
    ]
    tables = {
        argument_name(name, evaluator): f"{name}_{evaluator}_scores"
        for name in MODELS
        for evaluator in judges
    }
    effects = node(
        measure_effects,
        inputs={"settings": SETTINGS[0], "evaluation": SETTINGS[1]} | tables,
        outputs="effects",
        name="effects",
    )
    page = node(
        write_page,
        inputs=[
            "effects",
            "pair_counts",
            *(f"{name}_evaluation_clips" for name in MODELS),
            *(f"{name}_preference_scores" for name in MODELS),
            *SETTINGS,
        ],
        outputs="page",
        name="page",
    )
    return [*clips, *scores, effects, page]
