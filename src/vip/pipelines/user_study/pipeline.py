"""Votes in, results out: run by itself once people have voted; the evaluation makes the page."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.user_study.nodes import count_votes, make_study

SETTINGS = "params:user_study"


def study_page() -> Node:
    """The node that makes a stage's page from its evaluation clips."""
    return node(
        make_study,
        inputs=[*(f"{name}_evaluation_clips" for name in ("full", "pruned", "student", "rival")), SETTINGS],
        outputs=["study_page", "study_key"],
        name="study_page",
    )


def create_pipeline(number: int) -> Pipeline:
    """The votes on stage `number`."""
    counting = node(
        count_votes,
        inputs=["study_key", "votes", SETTINGS],
        outputs=["study_results", "study_raters", "study_agreement"],
        name="study_results",
    )
    return pipeline([counting], namespace=f"stage_{number}", parameters={SETTINGS}, tags="user_study")
