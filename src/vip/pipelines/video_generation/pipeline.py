"""Stage prompts in, the clips of the full and of the pruned model out."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.video_generation.nodes import generate_clips


def clips_of(model: str, prompts: str, clips: str) -> Node:
    """The node that makes `clips` from a model and its prompts, all three dataset names."""
    return node(generate_clips, inputs=[model, prompts, "params:video_generation"], outputs=clips, name=clips)


def create_pipeline() -> Pipeline:
    """Clips of the teacher and of the pruned model for the same prompts."""
    return pipeline(
        [
            clips_of("teacher", "stage_prompts", "full_clips"),
            clips_of("pruned", "stage_prompts", "pruned_clips"),
        ],
        tags="video_generation",
    )
