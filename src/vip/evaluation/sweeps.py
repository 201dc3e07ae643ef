"""What the values of swept settings come to, against the default, and what that says a user should choose.

A value's difference from the default is paired and has the interval of a comparison's arms
(`vip.evaluation.arms`): seeds and prompts are both drawn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from vip.evaluation.arms import differences_of, last_stages, means_of
from vip.evaluation.bootstrap import Bootstrap, side_of_zero
from vip.evaluation.results import records
from vip.evaluation.swept import Swept
from vip.evaluation.wording import interval_as_text, quantity_as_text, signed
from vip.types import Table

NOTICEABLE = 0.01
"""Share by which two models have to differ in parameters to be called of different size."""
CELL = ["arm", "evaluator", "dimension"]
"""What one number is of, each arm at its last stage."""


def results_of(scores: Table, sizes: Table, pairs: Table, swept: Swept, bootstrap: Bootstrap) -> Table:
    """One row a sweep, value, evaluator and dimension; values in the order of the sweep.

    Columns: sweep, value (as people read it), default (whether it is), arm, evaluator, reward, dimension,
    mean, difference (the value minus the default), low, high, win_rate with its two bounds, pairs (that it
    trained on in all stages, a mean over seeds), parameters, flops, seeds, prompts, comparisons (the number
    of intervals in the table). Each arm counts at its last stage.
    """
    import pandas as pd

    last = last_stages(scores)
    means = means_of(last, sizes)
    differences = _from_default(differences_of(last, swept.base, bootstrap))
    table = means.merge(differences, on=CELL, how="left", validate="one_to_one")
    of_base = table["arm"] == swept.base
    table.loc[of_base, ["difference", "low", "high"]] = 0.0
    table.loc[of_base, ["win_rate", "win_rate_low", "win_rate_high"]] = 0.5
    table = table.assign(
        pairs=table["arm"].map(_pairs_of(pairs)), default=of_base, comparisons=len(differences)
    )
    parts = [
        table[table["arm"] == point.arm].assign(sweep=name, value=point.label)
        for name, sweep in swept.sweeps.items()
        for point in sweep.points
    ]
    return pd.concat(parts, ignore_index=True)[[*COLUMNS]]


COLUMNS = (
    "sweep", "value", "default", "arm", "evaluator", "reward", "dimension", "mean", "difference",
    "low", "high", "win_rate", "win_rate_low", "win_rate_high", "pairs", "parameters", "flops", "seeds",
    "prompts", "comparisons",
)  # fmt: skip


def advice(rows: Table) -> str:
    """What the rows of one sweep and one evaluator say of the average: what to choose, in a sentence."""
    average = records(rows[rows["dimension"] == "average"])
    default = next(row for row in average if row["default"])
    others = [row for row in average if not row["default"]]
    sides = [side_of_zero(row["low"], row["high"]) for row in others]
    better = [row for row, side in zip(others, sides, strict=True) if side == "above"]
    worse = [row for row, side in zip(others, sides, strict=True) if side == "below"]
    if not others:
        return f"There is nothing to compare the default, {default['value']}, with."
    kinds = "better" if worse else "better or worse"
    said = f"No value is shown to be {kinds} than the default, {default['value']}"
    if better:
        best = max(better, key=lambda row: row["difference"])
        said = f"{best['value']} scores above the default, {default['value']}, by {_difference(best)}"
        said += _size(best, default)
    if worse:
        said += "; below it: " + ", ".join(f"{row['value']} ({_difference(row)})" for row in worse)
    return f"{said}."


def _from_default(differences: Table) -> Table:
    """Of the default minus each value, each value minus the default."""
    return differences[CELL].assign(
        difference=0.0 - differences["difference"],
        low=0.0 - differences["high"],
        high=0.0 - differences["low"],
        win_rate=1.0 - differences["win_rate"],
        win_rate_low=1.0 - differences["win_rate_high"],
        win_rate_high=1.0 - differences["win_rate_low"],
    )


def _pairs_of(pairs: Table) -> Mapping[str, float]:
    """By arm, the pairs of all its stages, a mean over seeds."""
    totals = pairs.groupby(["arm", "run_seed"])["pairs"].sum().groupby("arm").mean()
    return {str(arm): float(total) for arm, total in totals.items()}


def _difference(row: Mapping[str, Any]) -> str:
    return f"{signed(row['difference'])} {interval_as_text(row['low'], row['high'])}"


def _size(row: Mapping[str, Any], default: Mapping[str, Any]) -> str:
    """What a value that is better costs, where the model it makes is of another size."""
    ours, theirs = row["parameters"], default["parameters"]
    if abs(ours - theirs) <= NOTICEABLE * theirs:
        return ""
    return f", with {quantity_as_text(ours)} prunable parameters instead of {quantity_as_text(theirs)}"


def rows_of_sweeps(results: Table) -> Sequence[tuple[str, Table]]:
    """The rows of each sweep, in order."""
    return [(str(name), table) for name, table in results.groupby("sweep", sort=False)]
