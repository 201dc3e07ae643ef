"""All sweeps on one HTML page, which holds all it shows and asks the network for nothing."""

from collections.abc import Mapping
from typing import Any

from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import SHOWN
from vip.evaluation.results import rows_with_cells
from vip.evaluation.sweeps import advice, rows_of_sweeps
from vip.evaluation.sweeps_figures import sweep_figure
from vip.evaluation.swept import Swept, SweptSetting
from vip.evaluation.templating import environment_of, with_figures
from vip.types import Table


def render(results: Table, swept: Swept, bootstrap: Bootstrap) -> str:
    """The page as text, from the table of `vip.evaluation.sweeps`."""
    environment = with_figures(environment_of("sweep", style="report", script="figures"))
    comparisons = int(results["comparisons"].max())
    return environment.get_template("sweep.html.j2").render(
        base=swept.base,
        sweeps=[_sweep(name, rows, swept) for name, rows in rows_of_sweeps(results)],
        left_out=swept.left_out,
        seeds=int(results["seeds"].max()),
        prompts=int(results["prompts"].max()),
        comparisons=comparisons,
        expected=(1 - bootstrap.confidence) * comparisons,
        bootstrap=bootstrap,
        dimensions=SHOWN,
    )


def _sweep(name: str, rows: Table, swept: Swept) -> dict[str, Any]:
    """One setting as the template lays it out: what each evaluator says, the figure, the table."""
    sweep = swept.sweeps[name]
    by_evaluator = [(str(each), table) for each, table in rows.groupby("evaluator", sort=False)]
    return {
        "name": name,
        "settings": sweep.settings,
        "advice": [
            (str(table["reward"].iloc[0]), _trained_with(evaluator, sweep, swept.trained_with), advice(table))
            for evaluator, table in by_evaluator
        ],
        "figure": sweep_figure(rows, sweep),
        "tables": [rows_with_cells(table, "arm") for _, table in by_evaluator],
    }


def _trained_with(evaluator: str, sweep: SweptSetting, trained_with: Mapping[str, str]) -> str:
    """Whether it is an evaluator's reward that the values trained with."""
    trained = [point.label for point in sweep.points if trained_with[point.arm] == evaluator]
    if len(trained) == len(sweep.points):
        return "which training saw"
    return f"which trained {', '.join(trained)}" if trained else "which training did not see"
