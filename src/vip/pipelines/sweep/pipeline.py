"""The arms of all sweeps, evaluated at their last stage on development prompts, and a page over all."""

from collections.abc import Sequence

from kedro.pipeline import Node, Pipeline, node, pipeline

from vip.evaluation.arguments import argument_name
from vip.pipelines.comparison.arms import ArmRun
from vip.pipelines.comparison.pipeline import DEVELOPMENT, gathered, nodes_of, stages_of
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.prompt_filtering.pipeline import held_out_prompts
from vip.pipelines.sweep.arms import SWEPT
from vip.pipelines.sweep.nodes import gather_pairs, tabulate_sweeps, write_page, write_tables


def create_pipeline(runs: Sequence[ArmRun], opinions: Sequence[str] = ()) -> Pipeline:
    """Everything of every run, judged on the prompts that settings are chosen by, and what comes of it."""
    places = [(run, run.stages) for run in runs]
    judged = [*nodes_of(places, opinions, DEVELOPMENT), *gathered(places, "sweep", opinions, DEVELOPMENT)]
    return pipeline([*held_out_prompts(DEVELOPMENT), *judged, *_summary(runs)], tags="sweep")


def _summary(runs: Sequence[ArmRun]) -> list[Node]:
    """How many pairs there were, what each value came to, and the page."""
    pairs = {
        argument_name(run.arm, run.seed, stage, "pairs"): f"{run.namespace(stage)}.pairs"
        for run in runs
        for stage in stages_of(run)
    }
    tables = {name: f"sweep_{name}" for name in ("scores", "sizes", "pairs")}
    settings = {"swept": f"params:{RUNS}.{SWEPT}", "settings": "params:comparison"}
    return [
        node(gather_pairs, inputs=pairs, outputs="sweep_pairs", name="sweep_pairs"),
        node(tabulate_sweeps, inputs=tables | settings, outputs="sweep_results", name="sweep_results"),
        node(write_tables, inputs="sweep_results", outputs="sweep_tables", name="sweep_tables"),
        node(
            write_page,
            inputs={"results": "sweep_results"} | settings,
            outputs="sweep_page",
            name="sweep_page",
        ),
    ]
