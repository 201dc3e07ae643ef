"""Does what an arm gained by the reward it trained with hold by the others (paper's Supplement D.4)?

A gain is an arm minus the baseline, paired by prompt, seed and noise, at the last stage of both. Evaluators
do not weigh every fault alike, so one that sees less of a gain may only be of another scale. What tells is an
arm that preferences steer little, the control: where an arm gains by its own reward, and that reward sees
more of its lead over the control than another one does (the excess, with its whole interval above zero), it
has learned something that only its reward counts: over-optimisation.
"""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from vip.evaluation.arms import last_stages, paired_gains
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.crossed import crossed_interval
from vip.types import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vip.evaluation.bootstrap import Interval

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
    resamples: int,
    confidence: float,
    seed: int,
) -> Table:
    """One row an arm that trained, evaluator and dimension, with the columns `COLUMNS`.

    `excess` is what the arm leads the control by, judged by the evaluator that the arm trained with
    (`trained_with`), minus the same by this row's. It is NaN in the row of that evaluator, in those of the
    control and of arms that trained with none of the evaluators, and where there is no control. Without the
    baseline the table is empty.
    """
    import pandas as pd

    last = last_stages(scores)
    rows: list[tuple[Any, ...]] = []
    for arm in [arm for arm in last["arm"].unique() if arm in trained_with and arm != baseline]:
        for name in DIMENSIONS:
            gains = _gains(last, str(arm), baseline, name)
            leads = _gains(last, str(arm), control, name) if arm != control else {}
            own = leads.get(trained_with[arm])
            for evaluator, gain in gains.items():
                found = crossed_interval(gain, resamples, confidence, seed)
                excess: tuple[float, float, float] = (float("nan"),) * 3
                if own is not None and evaluator != trained_with[arm]:
                    excess = _bounds(crossed_interval(own - leads[evaluator], resamples, confidence, seed))
                place = (arm, trained_with[arm], baseline, control, evaluator, name)
                rows.append((*place, *_bounds(found), *excess, *gain.shape))
    return pd.DataFrame(rows, columns=[*COLUMNS])


def carries(rows: Sequence[Mapping[str, Any]]) -> dict[str, Carries]:
    """What each evaluator says of an arm's gain in one dimension, from its rows of the table, by evaluator.

    `own` is the reward it trained with, whose gain is real; `none` where it is not, so that there is nothing
    to carry over; `less` where another evaluator sees less of it, beyond chance and beyond the control;
    `as much` where it does not; `unjudged` where nothing tells.
    """
    own = next((row for row in rows if row["evaluator"] == row["trained_with"]), None)
    if own is None or any(math.isnan(row["excess"]) for row in rows if row is not own):
        return {row["evaluator"]: "unjudged" for row in rows}
    if not own["low"] > 0:
        return {row["evaluator"]: "none" for row in rows}
    return {
        row["evaluator"]: "own" if row is own else "less" if row["excess_low"] > 0 else "as much"
        for row in rows
    }


def _gains(last: Table, arm: str, baseline: str, dimension: str) -> "dict[str, NDArray[np.float64]]":
    """(S, P) by evaluator, for those that judged both."""
    gains = {}
    for evaluator in last["evaluator"].unique():
        seen = last[last["evaluator"] == evaluator]
        ours, theirs = (seen[seen["arm"] == name] for name in (arm, baseline))
        if len(ours) and len(theirs):
            gains[str(evaluator)] = paired_gains(ours, theirs, dimension)
    return gains


def _bounds(found: "Interval") -> tuple[float, float, float]:
    return (found.mean, found.low, found.high)
