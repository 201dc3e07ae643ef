"""The template of a stage for every arm, seed and stage, the evaluation of each, a page over all."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.evaluation.arguments import argument_name
from vip.pipelines.comparison.arms import ArmRun
from vip.pipelines.comparison.evaluators import REWARD, scores_dataset
from vip.pipelines.comparison.nodes import (
    compare_arms,
    compare_gains,
    gather_scores,
    gather_sizes,
    gather_steps,
    measure_size,
    tabulate_arms,
    write_page,
    write_tables,
)
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.scoring.pipeline import scores_of
from vip.pipelines.stage.pipeline import distilling, pruning
from vip.pipelines.video_generation.pipeline import clips_of

Place = tuple[ArmRun, int]
"""A run and the number of one of its stages, where a model is evaluated."""
EVALUATION, DEVELOPMENT = "evaluation", "development"
"""Held-out prompts: those that results are told of, and those that settings are chosen by."""
SHARED_INPUTS = ("teacher", "prompts", "scoring_prompts")


def create_pipeline(runs: Sequence[ArmRun], opinions: Sequence[str] = ()) -> Pipeline:
    """Everything of every run, judged by `scoring` and these second opinions, and what comes of it all."""
    places = [(run, stage) for run in runs for stage in stages_of(run)]
    return pipeline([*nodes_of(places, opinions), *_summary(places, opinions)], tags="comparison")


def stages_of(run: ArmRun) -> range:
    """The numbers of a run's stages; 0, the teacher, where it has none."""
    return range(1, run.stages + 1) if run.stages else range(1)


def nodes_of(evaluated: Sequence[Place], opinions: Sequence[str], prompts: str = EVALUATION) -> list[Node]:
    """All stages of the runs in these places, and the evaluation of the places themselves."""
    parts, wanted = [], {(run.name, stage) for run, stage in evaluated}
    for run in {run.name: run for run, _ in evaluated}.values():
        previous = "teacher"
        for number in stages_of(run):
            if number:
                parts.append(_stage(run, number, previous))
                previous = f"{run.namespace(number)}.{'student' if run.trained else 'pruned'}"
            if (run.name, number) in wanted:
                parts.append(_evaluation(run, number, previous, opinions, prompts))
    return [step for part in parts for step in part.nodes]


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


def _evaluation(run: ArmRun, stage: int, model: str, opinions: Sequence[str], prompts: str) -> Pipeline:
    """Clips of a model on held-out prompts, from one noise in every arm, scored by all; its size."""
    scorings = {
        name: "params:scoring" if name == REWARD else f"params:{RUNS}.second_opinions.{name}"
        for name in (REWARD, *opinions)
    }
    nodes = [
        clips_of("model", "evaluation_prompts", "evaluation_clips"),
        *(
            step
            for name, scoring in scorings.items()
            for step in scores_of(scores_dataset(name), "evaluation_clips", scoring)
        ),
        node(measure_size, inputs="model", outputs="size", name="size"),
    ]
    noise = f"params:{RUNS}.seed_{run.seed}.video_generation"
    return pipeline(
        nodes,
        inputs={"model": model, "evaluation_prompts": f"{prompts}_prompts"},
        parameters={"params:video_generation": noise} | {name: name for name in scorings.values()},
        namespace=_judged_in(run, stage, prompts),
    )


def _judged_in(run: ArmRun, stage: int, prompts: str) -> str:
    """The namespace of an evaluation: the stage's own, or one within it."""
    return run.namespace(stage) if prompts == EVALUATION else f"{run.namespace(stage)}.{prompts}"


def gathered(
    places: Sequence[Place], prefix: str, opinions: Sequence[str], prompts: str = EVALUATION
) -> list[Node]:
    """All scores of these places in one table, `<prefix>_scores`, and their sizes in `<prefix>_sizes`."""
    judged = [(run, stage, _judged_in(run, stage, prompts)) for run, stage in places]
    scores = {
        argument_name(run.arm, run.seed, stage, name): f"{namespace}.{scores_dataset(name)}_scores"
        for run, stage, namespace in judged
        for name in (REWARD, *opinions)
    }
    sizes = {
        argument_name(run.arm, run.seed, stage, "size"): f"{namespace}.size"
        for run, stage, namespace in judged
    }
    return [
        node(gather_scores, inputs=scores, outputs=f"{prefix}_scores", name=f"{prefix}_scores"),
        node(gather_sizes, inputs=sizes, outputs=f"{prefix}_sizes", name=f"{prefix}_sizes"),
    ]


def _summary(places: Sequence[Place], opinions: Sequence[str]) -> list[Node]:
    """One table of all scores, what it says of arms and differences, and the page."""
    settings, roster = {"settings": "params:comparison"}, {"roster": f"params:{RUNS}.roster"}
    tables = {name: f"comparison_{name}" for name in ("scores", "sizes", "steps")}
    curves = {
        argument_name(run.arm, run.seed, stage, "curve"): f"{run.namespace(stage)}.training_curve"
        for run, stage in places
        if stage and run.trained
    }
    return [
        *gathered(places, "comparison", opinions),
        node(gather_steps, inputs=curves | roster, outputs="comparison_steps", name="comparison_steps"),
        node(tabulate_arms, inputs=tables | settings, outputs="comparison_arms", name="comparison_arms"),
        node(
            compare_arms,
            inputs={"scores": "comparison_scores"} | settings,
            outputs="comparison_differences",
            name="comparison_differences",
        ),
        node(
            compare_gains,
            inputs={"scores": "comparison_scores"} | roster | settings,
            outputs="comparison_gains",
            name="comparison_gains",
        ),
        node(
            write_tables,
            inputs={name: f"comparison_{name}" for name in ("scores", "arms", "differences", "gains")}
            | settings,
            outputs="comparison_tables",
            name="comparison_tables",
        ),
        node(
            write_page,
            inputs={name: f"comparison_{name}" for name in ("arms", "differences", "gains")}
            | roster
            | settings,
            outputs="comparison_page",
            name="comparison_page",
        ),
    ]
