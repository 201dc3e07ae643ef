"""How sure a mean of paired differences is: the percentile bootstrap."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vip.errors import UserError
from vip.seeding import seed_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made: so many resamples, drawn from a seed, for so much confidence (0 to 1)."""

    resamples: int
    confidence: float
    seed: int


@dataclass(frozen=True)
class Interval:
    """A mean and the interval around it, in the unit of what was averaged."""

    mean: float
    low: float
    high: float


def side_of_zero(low: float, high: float) -> Literal["above", "below", "unclear"]:
    """On which side of zero the whole interval lies; `unclear` also where there is no interval."""
    if low > 0:
        return "above"
    return "below" if high < 0 else "unclear"


def wins(differences: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """1 where a difference is above zero, 0 where it is below, 0.5 for a tie; in the same shape."""
    won: NDArray[np.float64] = (differences > 0) + 0.5 * (differences == 0)
    return won


def percentiles(mean: float, resampled: "NDArray[np.float64]", confidence: float) -> Interval:
    """The mean, between the percentiles of resampled means (N,) that hold the middle `confidence` of them."""
    import numpy as np

    tail = (1 - confidence) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail])
    return Interval(mean, float(low), float(high))


def paired_interval(differences: "NDArray[np.float64]", bootstrap: Bootstrap) -> Interval:
    """The mean of the differences (N,), one a pair, and its percentile bootstrap interval.

    Pairs (same prompt, same seed) are resampled as wholes, so what prompts have in common cancels out.
    The result depends on the arguments alone. From one pair no spread can be told: `low` and `high` are then
    NaN, which is neither above nor below zero. UserError where there is no pair, or where a difference is not
    a finite number.
    """
    import numpy as np

    values = np.asarray(differences, dtype=np.float64)
    assert values.ndim == 1, f"differences have shape {values.shape}, expected (N,)"
    assert 0 < bootstrap.confidence < 1, f"confidence is {bootstrap.confidence}, expected one within 0 and 1"
    if values.size == 0:
        raise UserError(
            "0 paired differences to average, at least 1 is needed; do both tables hold the same prompts?"
        )
    if not np.isfinite(values).all():
        bad = int((~np.isfinite(values)).sum())
        raise UserError(
            f"{bad} of {values.size} paired score differences are not finite; look for NaN in the scores"
        )
    mean = float(values.mean())
    if values.size == 1:
        return Interval(mean, float("nan"), float("nan"))
    generator = np.random.default_rng(seed_of("paired_interval", bootstrap.seed))
    means = values[generator.integers(values.size, size=(bootstrap.resamples, values.size))].mean(axis=1)
    return percentiles(mean, means, bootstrap.confidence)
