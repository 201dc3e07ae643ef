"""The template of a stage for every arm, seed and stage, the evaluation of each, a page over all."""

from collections.abc import Sequence
from typing import Any

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.pipelines.comparison.arms import RUNS, ArmRun
from vip.pipelines.comparison.nodes import (
    argument_name,
    compare_arms,
    gather_scores,
    gather_sizes,
    measure_size,
    tabulate_arms,
    write_page,
)
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.stage.pipeline import distilling, pruning
from vip.pipelines.video_generation.pipeline import clips_of

SHARED_INPUTS = ("teacher", "prompts", "scoring_prompts")
EVALUATORS = {"reward": "params:scoring", "second_opinion": "params:comparison.second_opinion"}


def create_pipeline(runs: Sequence[ArmRun], **_kwargs: Any) -> Pipeline:
    """Everything of every run, and what is made of all of them."""
    nodes = [step for run in runs for part in _run_of(run) for step in part.nodes]
    return pipeline([*nodes, *_summary(runs)], tags="comparison")


def _run_of(run: ArmRun) -> list[Pipeline]:
    """The stages of one run, each evaluated; of a run without stages, the teacher."""
    if not run.stages:
        return [_evaluation(run, 0, "teacher")]
    parts, previous = [], "teacher"
    for number in range(1, run.stages + 1):
        parts.append(_stage(run, number, previous))
        previous = f"{run.namespace(number)}.{'student' if run.trained else 'pruned'}"
        parts.append(_evaluation(run, number, previous))
    return parts


def _stage(run: ArmRun, number: int, previous: str) -> Pipeline:
    """A stage of the method with what the run has of its own instead of the shared parameters."""
    template = distilling() if run.trained else pruning()
    free = template.inputs()
    parameters = {name: _of_run(run, name) for name in free if name.startswith("params:")}
    parameters["params:budget"] = _of_run(run, f"params:stage_{number}.budget")
    return pipeline(
        template,
        inputs={name: name for name in SHARED_INPUTS if name in free} | {"previous_student": previous},
        parameters=parameters,
        namespace=run.namespace(number),
    )


def _of_run(run: ArmRun, name: str) -> str:
    """A parameter's name among the run's own, if it has this one."""
    path = name.removeprefix("params:")
    return f"params:{RUNS}.{run.name}.{path}" if path.partition(".")[0] in run.own else name


def _evaluation(run: ArmRun, stage: int, model: str) -> Pipeline:
    """Clips of a model on the evaluation prompts, from one noise in every arm, scored twice; its size."""
    nodes = [
        clips_of("model", "evaluation_prompts", "evaluation_clips"),
        *(
            step
            for name, scoring in EVALUATORS.items()
            for step in scores_of(name, "evaluation_clips", scoring)
        ),
        node(measure_size, inputs="model", outputs="size", name="size"),
    ]
    noise = f"params:{RUNS}.seed_{run.seed}.video_generation"
    return pipeline(
        nodes,
        inputs={"model": model, "evaluation_prompts": "evaluation_prompts"},
        parameters={"params:video_generation": noise} | {name: name for name in EVALUATORS.values()},
        namespace=run.namespace(stage),
    )


def _summary(runs: Sequence[ArmRun]) -> list[Node]:
    """One table of all scores, what it says of arms and differences, and the page."""
    places = [(run, stage) for run in runs for stage in (range(1, run.stages + 1) if run.stages else (0,))]
    scores = {
        argument_name(run.arm, run.seed, stage, name): f"{run.namespace(stage)}.{name}_scores"
        for run, stage in places
        for name in EVALUATORS
    }
    sizes = {
        argument_name(run.arm, run.seed, stage, "size"): f"{run.namespace(stage)}.size"
        for run, stage in places
    }
    settings = {"settings": "params:comparison"}
    tables = {"scores": "comparison_scores", "sizes": "comparison_sizes"}
    return [
        node(gather_scores, inputs=scores, outputs="comparison_scores", name="comparison_scores"),
        node(gather_sizes, inputs=sizes, outputs="comparison_sizes", name="comparison_sizes"),
        node(tabulate_arms, inputs=tables, outputs="comparison_arms", name="comparison_arms"),
        node(
            compare_arms,
            inputs={"scores": "comparison_scores"} | settings,
            outputs="comparison_differences",
            name="comparison_differences",
        ),
        node(
            write_page,
            inputs={"arms": "comparison_arms", "differences": "comparison_differences"} | settings,
            outputs="comparison_page",
            name="comparison_page",
        ),
    ]
