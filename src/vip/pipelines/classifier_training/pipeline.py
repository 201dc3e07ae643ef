"""From nothing but the renderer to the classifier's weights, its curve and its accuracy."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.classifier_training.nodes import train_classifier


def create_pipeline() -> Pipeline:
    """The training."""
    return pipeline(
        [
            node(
                train_classifier,
                inputs=["classifier_checkpoints", "params:classifier_training"],
                outputs=["classifier_weights", "classifier_curve", "classifier_accuracy"],
                name="classifier_weights",
            )
        ],
        tags="classifier_training",
    )
