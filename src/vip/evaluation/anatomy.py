"""The network as a row of units: which went at which stage, and what removing each alone would have cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from vip.evaluation.stages import Evidence
from vip.evaluation.wording import counted, percent, signed
from vip.types import PROPERTIES


@dataclass(frozen=True)
class Bar:
    """The importance of a unit as a stage measured it; the last four numbers are percents of the bar's axis.

    `difference` is the average score without the unit minus the whole model's: negative where it matters.
    """

    difference: float
    low: float
    high: float
    left: float
    width: float
    whisker_left: float
    whisker_width: float
    properties: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class UnitView:
    """One unit: number in network order, size, the stage that removed it (None: kept), a bar a stage."""

    number: int
    name: str
    parameters: int
    height: float
    removed_in: int | None
    removable: bool
    bars: tuple[Bar | None, ...]


@dataclass(frozen=True)
class Anatomy:
    """All units of the teacher, and the score differences at the bars' edges and at zero."""

    units: tuple[UnitView, ...]
    lowest: float
    highest: float
    zero: float


def dissect(stages: Sequence[Evidence]) -> Anatomy:
    """Lay out the units that stage 1 measured, in network order, with every later stage's view of them."""
    measured = [_measurements(evidence) for evidence in stages]
    edges = [
        edge
        for stage in measured
        for unit in stage.values()
        for edge in unit["average"]
        if not math.isnan(edge)
    ]
    lowest, highest = min([0.0, *edges]), max([0.0, *edges])
    spread = (highest - lowest) or 1.0
    removed_in = {name: evidence.stage for evidence in stages for name in evidence.removed}
    first = stages[0].block_importance.drop_duplicates("unit")
    first = first[first["unit"] != ""]
    largest = max(first["parameters"], default=1)
    units = tuple(
        UnitView(
            number=number,
            name=row["unit"],
            parameters=int(row["parameters"]),
            height=math.sqrt(row["parameters"] / largest),
            removed_in=removed_in.get(row["unit"]),
            removable=bool(row["removable"]),
            bars=tuple(_bar(stage.get(row["unit"]), lowest, spread) for stage in measured),
        )
        for number, row in enumerate(first.to_dict("records"), start=1)
    )
    return Anatomy(units, lowest, highest, zero=-100 * lowest / spread)


Measurement = dict[str, tuple[float, float, float]]


def _measurements(evidence: Evidence) -> dict[str, Measurement]:
    """By unit and dimension: difference, low, high; units that were not measured are left out."""
    found: dict[str, Measurement] = {}
    for row in evidence.block_importance.to_dict("records"):
        if row["unit"] and not math.isnan(row["difference"]):
            found.setdefault(row["unit"], {})[row["dimension"]] = (row["difference"], row["low"], row["high"])
    return found


def _bar(unit: Measurement | None, lowest: float, spread: float) -> Bar | None:
    if unit is None:
        return None
    difference, low, high = unit["average"]
    left, right = min(difference, 0.0), max(difference, 0.0)
    has_interval = not (math.isnan(low) or math.isnan(high))
    whisker_low, whisker_high = (low, high) if has_interval else (difference, difference)
    return Bar(
        difference=difference,
        low=low,
        high=high,
        left=100 * (left - lowest) / spread,
        width=100 * (right - left) / spread,
        whisker_left=100 * (whisker_low - lowest) / spread,
        whisker_width=100 * (whisker_high - whisker_low) / spread,
        properties=tuple((name, unit[name][0]) for name in PROPERTIES if name in unit),
    )


def summary(evidence: Evidence) -> str:
    """What a stage removed, in a sentence."""
    entry = next(entry for entry in evidence.pruning_record["stages"] if entry["stage"] == evidence.stage)
    share = 1 - entry["parameters_after"] / entry["parameters_before"]
    averages = evidence.block_importance
    averages = averages[(averages["dimension"] == "average") & averages["unit"].isin(evidence.removed)]
    alone = averages["difference"].sum()
    return (
        f"Stage {evidence.stage} removed {counted(len(evidence.removed), 'unit')}, {percent(share)} of the "
        f"parameters it found. Taken out one at a time, they changed the average by {signed(alone)} in sum."
    )
