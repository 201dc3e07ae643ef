"""The previous student in; the pruned model, and the properties it was damaged in, out."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.block_pruning.nodes import (
    choose_units,
    find_target_properties,
    generate_candidate_clips,
    list_units,
    measure_importance,
    prune,
)
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.video_generation.pipeline import clips_of


def create_pipeline() -> Pipeline:
    """Search the units, remove the cheapest, and compare the rest with the teacher."""
    search = [
        node(
            list_units,
            inputs=["previous_student", "params:budget", "params:block_pruning"],
            outputs="units",
            name="units",
        ),
        node(
            generate_candidate_clips,
            inputs=[
                "previous_student",
                "units",
                "scoring_prompts",
                "params:video_generation",
                "params:block_pruning",
            ],
            outputs="candidate_clips",
            name="candidate_clips",
        ),
        *scores_of("candidate"),
        node(
            measure_importance,
            inputs=["units", "candidate_scores", "params:block_pruning"],
            outputs="block_importance",
            name="block_importance",
        ),
    ]
    removal = [
        node(
            choose_units,
            inputs=["units", "block_importance", "params:budget", "params:block_pruning"],
            outputs="removed_units",
            name="removed_units",
        ),
        node(
            prune,
            inputs=["previous_student", "removed_units", "params:block_pruning"],
            outputs=["pruned", "pruning_record"],
            name="pruned",
        ),
    ]
    damage = [
        clips_of("teacher", "scoring_prompts", "full_scoring_clips"),
        clips_of("pruned", "scoring_prompts", "pruned_scoring_clips"),
        *scores_of("full_scoring"),
        *scores_of("pruned_scoring"),
        node(
            find_target_properties,
            inputs=["full_scoring_scores", "pruned_scoring_scores", "params:block_pruning"],
            outputs="target_properties",
            name="target_properties",
        ),
    ]
    return pipeline([*search, *removal, *damage], tags="block_pruning")
