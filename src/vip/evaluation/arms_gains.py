"""Does what an arm gained by the reward it trained with hold by the others (paper's Supplement D.4)?

A gain is an arm minus the baseline, paired by prompt, seed and noise, at the last stage of both. Evaluators
do not weigh every fault alike, so one that sees less of a gain may only be of another scale. That scale is
read off an arm that preferences steer little, the control: what it gains by one reward over what it gains by
another. Where an arm gains by its own reward, and that reward sees more of its lead over the control than
another one does on the same scale (the excess, with its whole interval above zero), it has learned something
that only its reward counts: over-optimisation.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vip.evaluation.arms import last_stages, paired_gains
from vip.evaluation.bootstrap import Bootstrap, Interval
from vip.evaluation.crossed import Resampled, crossed
from vip.types import Table

Carries = Literal["own", "none", "less", "as much", "unjudged"]

COLUMNS = (
    "arm", "trained_with", "baseline", "control", "evaluator", "dimension", "gain", "low", "high",
    "excess", "excess_low", "excess_high", "seeds", "prompts",
)  # fmt: skip


def gains_of(
    scores: Table,
    baseline: str,
    control: str,
    trained_with: Mapping[str, str],
    bootstrap: Bootstrap,
) -> Table:
    """One row an arm that trained, evaluator and dimension, with the columns `COLUMNS`.

    `excess` is what the arm leads the control by, judged by the evaluator that the arm trained with
    (`trained_with`), minus the same by this row's, brought to the scale of the first one. It is NaN in the
    row of that evaluator, in those of the control and of arms that trained with none of the evaluators, and
    where the control is missing or is not shown to gain by both. Without the baseline the table is empty.
    """
    import pandas as pd

    last = last_stages(scores)
    of_control = _gains(last, control, baseline, bootstrap)
    rows: list[tuple[Any, ...]] = []
    for arm in [str(arm) for arm in last["arm"].unique() if arm in trained_with and arm != baseline]:
        own, gains = trained_with[arm], _gains(last, arm, baseline, bootstrap)
        for (judge, name), gain in gains.items():
            excess = _NOT_TOLD
            if arm != control and judge != own:
                excess = _excess(gains, of_control, (own, name), (judge, name))
            bounds = (*_bounds(gain.resampled.interval), *_bounds(excess))
            rows.append((arm, own, baseline, control, judge, name, *bounds, gain.seeds, gain.prompts))
    return pd.DataFrame(rows, columns=[*COLUMNS])


@dataclass(frozen=True)
class _Gain:
    """A mean gain over the baseline, resampled, and of how many seeds and prompts it is."""

    resampled: Resampled
    seeds: int
    prompts: int


_Gains = Mapping[tuple[str, str], _Gain]
"""By evaluator and dimension."""


def _gains(last: Table, arm: str, baseline: str, bootstrap: Bootstrap) -> _Gains:
    """For the evaluators that judged both."""
    gains = {}
    for evaluator in last["evaluator"].unique():
        seen = last[last["evaluator"] == evaluator]
        ours, theirs = (seen[seen["arm"] == name] for name in (arm, baseline))
        for name, values in paired_gains(ours, theirs).items() if len(ours) and len(theirs) else ():
            resampled = crossed(values, bootstrap)
            gains[str(evaluator), name] = _Gain(resampled, *values.shape)
    return gains


def _excess(gains: _Gains, of_control: _Gains, own: tuple[str, str], other: tuple[str, str]) -> Interval:
    """The lead over the control by its own reward, less the other's on the same scale."""
    if not {own, other} <= gains.keys() & of_control.keys():
        return _NOT_TOLD
    own_control, other_control = of_control[own].resampled, of_control[other].resampled
    if not all(control.interval.low > 0 for control in (own_control, other_control)):
        return _NOT_TOLD
    own_lead, other_lead = gains[own].resampled - own_control, gains[other].resampled - other_control
    return (own_lead - other_lead * (own_control / other_control)).interval


_NOT_TOLD = Interval(float("nan"), float("nan"), float("nan"))


def carries(rows: Sequence[Mapping[str, Any]]) -> dict[str, Carries]:
    """What each evaluator says of an arm's gain in one dimension, from its rows of the table, by evaluator.

    `own` is the reward it trained with, whose gain is real; `none` where it is not, so that there is nothing
    to carry over; `less` where another evaluator sees less of it, beyond chance and beyond its scale;
    `as much` where it does not; `unjudged` where nothing tells.
    """
    own = next((row for row in rows if row["evaluator"] == row["trained_with"]), None)
    if own is not None and not own["low"] > 0:
        return {row["evaluator"]: "none" for row in rows}
    if own is None or any(math.isnan(row["excess"]) for row in rows if row is not own):
        return {row["evaluator"]: "unjudged" for row in rows}
    return {
        row["evaluator"]: "own" if row is own else "less" if row["excess_low"] > 0 else "as much"
        for row in rows
    }


def _bounds(found: Interval) -> tuple[float, float, float]:
    return (found.mean, found.low, found.high)
