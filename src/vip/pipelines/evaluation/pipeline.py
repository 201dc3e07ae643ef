"""Evaluation clips, their scores, and what the models cost."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.evaluation.nodes import compare_models, measure_costs
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.user_study.pipeline import study_page
from vip.pipelines.video_generation.pipeline import clips_of

MODELS = {"full": "teacher", "pruned": "pruned", "student": "student"}


def create_pipeline() -> Pipeline:
    """Teacher, pruned and student on the evaluation prompts: clips, scores, costs, metrics, a user study."""
    clips = [
        clips_of(model, "evaluation_prompts", f"{name}_evaluation_clips") for name, model in MODELS.items()
    ]
    scores = [step for name in MODELS for step in scores_of(f"{name}_evaluation")]
    costs = node(
        measure_costs,
        inputs=[*MODELS.values(), "params:video_generation", "params:evaluation"],
        outputs="costs",
        name="costs",
        tags="alone",
    )
    metrics = node(
        compare_models,
        inputs=[*(f"{name}_evaluation_scores" for name in MODELS), "params:evaluation"],
        outputs="metrics",
        name="metrics",
    )
    return pipeline([*clips, *scores, costs, metrics, study_page()], tags="evaluation")
