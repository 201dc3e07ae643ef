"""Scores of both models in, preference pairs out."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.pair_curation.nodes import curate_pairs


def create_pipeline() -> Pipeline:
    """The preference pairs of a stage, and how many there were to choose from."""
    return pipeline(
        [
            node(
                curate_pairs,
                inputs=[
                    "full_scores",
                    "pruned_scores",
                    "stage_prompts",
                    "target_properties",
                    "params:pair_curation",
                ],
                outputs=["pairs", "pair_counts"],
                name="pairs",
            ),
        ],
        tags="pair_curation",
    )
