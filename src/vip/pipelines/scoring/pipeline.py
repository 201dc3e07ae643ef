"""Clips in, tables of scores out."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.scoring.nodes import score_clips, tabulate_scores


def scores_of(name: str, clips: str = "", scoring: str = "params:scoring") -> list[Node]:
    """Two nodes that turn `clips` (`<name>_clips`) into `<name>_scores`, by way of `<name>_score_items`."""
    return [
        node(
            score_clips,
            inputs=[clips or f"{name}_clips", scoring],
            outputs=f"{name}_score_items",
            name=f"{name}_score_items",
        ),
        node(
            tabulate_scores,
            inputs=f"{name}_score_items",
            outputs=f"{name}_scores",
            name=f"{name}_scores",
        ),
    ]


def create_pipeline() -> Pipeline:
    """Scores of the clips of the full and of the pruned model."""
    return pipeline([*scores_of("full"), *scores_of("pruned")], tags="scoring")
