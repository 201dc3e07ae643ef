"""Pairs in, the student out."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.redpo_training.nodes import predict_reference, train_student


def create_pipeline() -> Pipeline:
    """The reference's predictions, then the student with its training curve."""
    return pipeline(
        [
            node(
                predict_reference,
                inputs=[
                    "teacher",
                    "pruned",
                    "pairs",
                    "full_clips",
                    "pruned_clips",
                    "params:redpo_training",
                ],
                outputs="reference_predictions",
                name="reference_predictions",
            ),
            node(
                train_student,
                inputs=[
                    "teacher",
                    "pruned",
                    "pairs",
                    "full_clips",
                    "pruned_clips",
                    "reference_predictions",
                    "checkpoints",
                    "params:redpo_training",
                ],
                outputs=["student", "training_curve"],
                name="student",
                tags="every_process",
            ),
        ],
        tags="redpo_training",
    )
