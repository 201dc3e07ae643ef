"""From the embedded teacher to one of few steps, its clips of unseen scenes and their scores."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.prompt_filtering.pipeline import held_out_prompts
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.step_distillation.nodes import distil_steps
from vip.pipelines.video_generation.pipeline import clips_of


def create_pipeline() -> Pipeline:
    """The training, then a look at what was learned, on the development prompts."""
    return pipeline(
        [
            node(
                distil_steps,
                inputs=[
                    "many_step_teacher",
                    "step_checkpoints",
                    "params:video_generation",
                    "params:step_distillation",
                ],
                outputs=["few_step_teacher", "step_curve"],
                name="few_step_teacher",
            ),
            *held_out_prompts("development"),
            clips_of("few_step_teacher", "development_prompts", "few_step_clips"),
            *scores_of("few_step"),
        ],
        tags="step_distillation",
    )
