"""How much each unit matters: what the scores lose when it alone is removed (paper Sec. 3.2, Alg. 1)."""

from collections.abc import Sequence

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap, Interval, paired_interval
from vip.evaluation.comparison import DIMENSIONS, paired_differences
from vip.types import Table, Unit

WHOLE = ""
"""The unit name under which the whole model stands among the candidates."""

_NAN = float("nan")
_UNKNOWN_MEANS = dict.fromkeys(DIMENSIONS, _NAN)
_UNKNOWN_INTERVALS = dict.fromkeys(DIMENSIONS, Interval(_NAN, _NAN, _NAN))


def importance_table(units: Sequence[Unit], scores: Table, bootstrap: Bootstrap) -> Table:
    """One row a unit and dimension: `mean` without the unit, `difference` to the whole model, `low`, `high`.

    `scores` has one row a candidate (column `unit`, `WHOLE` for the whole model), prompt and seed. All
    candidates were given the same prompts and noise, so differences are paired by prompt and seed; their
    interval is a percentile bootstrap. Units that must stay have NaN for all four. UserError
    where a candidate was not scored on the same prompts and seeds as the whole model.
    """
    import pandas as pd

    by_unit = {str(name): rows for name, rows in scores.groupby("unit")}
    rows: list[dict[str, object]] = []
    for unit in units:
        means, intervals = _UNKNOWN_MEANS, _UNKNOWN_INTERVALS
        if unit.removable:
            without, whole = _scores_of(by_unit, unit.name), _scores_of(by_unit, WHOLE)
            differences = paired_differences(without, whole)
            means = {dimension: float(without[dimension].mean()) for dimension in DIMENSIONS}
            intervals = {
                dimension: paired_interval(differences[dimension].to_numpy(), bootstrap)
                for dimension in DIMENSIONS
            }
        rows += [
            {
                "unit": unit.name,
                "parameters": unit.parameters,
                "removable": unit.removable,
                "dimension": dimension,
                "mean": means[dimension],
                "difference": intervals[dimension].mean,
                "low": intervals[dimension].low,
                "high": intervals[dimension].high,
            }
            for dimension in DIMENSIONS
        ]
    return pd.DataFrame(rows)


def _scores_of(by_unit: dict[str, Table], name: str) -> Table:
    """The scores of one candidate."""
    if name not in by_unit:
        raise UserError(
            f"candidate_scores holds {len(by_unit)} candidates, and {name or 'the whole model'} is not one "
            "of them; was it made at another granularity? Run from candidate_clips again"
        )
    return by_unit[name]


def losses_of(importance: Table) -> dict[str, float]:
    """What removing each removable unit costs: its loss of the average, the paper's total score.

    Negative where the model scores better without the unit.
    """
    totals = importance[importance["removable"] & (importance["dimension"] == "average")]
    return {
        str(unit): -float(difference)
        for unit, difference in zip(totals["unit"], totals["difference"], strict=True)
    }
