"""Teacher and last student in, VBench's tables out."""

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.vbench.nodes import (
    gather_scores,
    generate_benchmark_clips,
    judge_videos,
    list_dimensions,
    list_prompts,
    measure_videos,
    name_videos,
    tabulate_measures,
)


def create_pipeline(stages: int) -> Pipeline:
    """The prompt list, and for the teacher (full) and the student of the last stage all that follows from it.

    Nodes tagged `vbench_measures` need no VBench: `kedro run --pipeline=vbench --tags=vbench_measures`.
    """
    prompts = node(
        list_prompts, "vbench_info", "vbench_prompts", name="vbench_prompts", tags="vbench_measures"
    )
    dimensions = node(
        list_dimensions, ["vbench_info", "params:vbench"], "vbench_dimensions", name="vbench_dimensions"
    )
    models = {"full": "teacher", "student": f"stage_{stages}.student"}
    steps = [step for name, model in models.items() for step in _steps(f"vbench_{name}", model)]
    return pipeline([prompts, dimensions, *steps], tags="vbench")


def _steps(name: str, model: str) -> list[Node]:
    return [
        node(
            generate_benchmark_clips,
            inputs=[model, "vbench_prompts", "params:video_generation", "params:vbench"],
            outputs=f"{name}_clips",
            name=f"{name}_clips",
            tags="vbench_measures",
        ),
        node(
            measure_videos,
            inputs=[f"{name}_clips", "vbench_prompts", "params:vbench"],
            outputs=f"{name}_measure_items",
            name=f"{name}_measure_items",
            tags="vbench_measures",
        ),
        node(
            tabulate_measures,
            inputs=f"{name}_measure_items",
            outputs=f"{name}_measures",
            name=f"{name}_measures",
            tags="vbench_measures",
        ),
        node(name_videos, inputs=f"{name}_clips", outputs=f"{name}_videos", name=f"{name}_videos"),
        node(
            judge_videos,
            inputs=[f"{name}_videos", "vbench_info", "vbench_prompts", "vbench_dimensions", "params:vbench"],
            outputs=f"{name}_dimension_items",
            name=f"{name}_dimension_items",
        ),
        node(
            gather_scores,
            inputs=[f"{name}_dimension_items", f"{name}_measures", "vbench_prompts", model],
            outputs=f"{name}_scores",
            name=f"{name}_scores",
        ),
    ]
