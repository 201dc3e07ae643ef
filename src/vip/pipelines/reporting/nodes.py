"""Put all stages on one page and into one table (paper Sec. 4.2)."""

from typing import Any

from vip.evaluation.report import Run, render
from vip.evaluation.results import tabulate_results
from vip.evaluation.stages import gather
from vip.families.folder import ModelFolder
from vip.pipelines.evaluation.config import Evaluation
from vip.types import Table


def gather_results(**stages: Any) -> Table:
    """One row a stage, model and dimension: means, paired differences, costs."""
    return tabulate_results(gather(stages))


def write_report(
    results: Table,
    teacher: ModelFolder,
    filtering_counts: Table,
    parameters: dict[str, Any],
    settings: Evaluation,
    **stages: Any,
) -> str:
    """The report as the text of one self-contained HTML page; `stages` are named by `argument_name`."""
    return render(gather(stages), results, Run(teacher, filtering_counts, parameters), settings)
