"""From nothing but the shapes world to a teacher, its curve, its clips of unseen scenes and their scores."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.prompt_filtering.pipeline import held_out_prompts
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.teacher_training.nodes import train_teacher
from vip.pipelines.video_generation.pipeline import clips_of


def create_pipeline() -> Pipeline:
    """The training, then a look at what was learned, on the development prompts."""
    return pipeline(
        [
            node(
                train_teacher,
                inputs=["first_teacher", "teacher_checkpoints", "params:teacher_training"],
                outputs=["trained_teacher", "teacher_curve"],
                name="trained_teacher",
            ),
            *held_out_prompts("development"),
            clips_of("trained_teacher", "development_prompts", "teacher_sample_clips"),
            *scores_of("teacher_sample"),
        ],
        tags="teacher_training",
    )
