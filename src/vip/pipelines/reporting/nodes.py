"""Put all stages on one page and into one table (paper Sec. 4.2)."""

from dataclasses import asdict, is_dataclass
from typing import Any

from vip.evaluation.report import render
from vip.evaluation.results import tabulate_results
from vip.evaluation.stages import Run, gather
from vip.families.folder import ModelFolder
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.evaluation.config import Evaluation
from vip.types import Table


def gather_results(**stages: Any) -> Table:
    """One row a stage, model and dimension: means, paired differences, costs."""
    return tabulate_results(gather(stages))


def write_report(
    results: Table,
    teacher: ModelFolder,
    filtering_counts: Table,
    judging_counts: Table,
    parameters: dict[str, Any],
    settings: Evaluation,
    vbench_full_scores: Table | None,
    vbench_student_scores: Table | None,
    **stages: Any,
) -> str:
    """The report as the text of one self-contained HTML page; `stages` are called `stage_1__metrics`.

    VBench's scores are None where it has not been run.
    """
    vbench = {"full": vbench_full_scores, "student": vbench_student_scores}
    run = Run(teacher, filtering_counts, judging_counts, _as_written(parameters), vbench)
    return render(gather(stages), results, run, settings)


def _as_written(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as plain values again; Kedro hands out those that it checked as typed settings."""
    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in parameters.items()
        if name != RUNS
    }
