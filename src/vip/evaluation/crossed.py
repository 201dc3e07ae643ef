"""How sure a mean over seeds and prompts is: a crossed hierarchical bootstrap, widened for how few there are.

The same prompts are used with every seed, so each resample draws seeds, then prompts, and takes the mean over
the drawn seeds of the drawn prompts. Prompts that are hard with one seed tend to be hard with all; drawing
prompts anew for every seed would take that for luck that averages out, and make intervals too narrow.

Of few things, resamples vary less than new ones would: by sqrt((n - 1) / n), and as if their spread were
known. Where seeds make the difference, five of them, drawn as they are, give an interval called 95% that
holds the truth in 84% of all cases, three in 75%. So the deviations of seeds and of prompts from the mean are
first stretched to Student's t, as Hesterberg (2015, "What Teachers Should Know About the Bootstrap") does
with the quantiles.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap, Interval, percentiles
from vip.seeding import seed_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Resampled:
    """A mean, and the same in each resample (N,); what is made of several is resampled as a whole."""

    mean: float
    means: "NDArray[np.float64]"
    confidence: float

    def __sub__(self, other: "Resampled") -> "Resampled":
        return replace(self, mean=self.mean - other.mean, means=self.means - other.means)

    def __mul__(self, other: "Resampled") -> "Resampled":
        return replace(self, mean=self.mean * other.mean, means=self.means * other.means)

    def __truediv__(self, other: "Resampled") -> "Resampled":
        return replace(self, mean=self.mean / other.mean, means=self.means / other.means)

    @property
    def interval(self) -> Interval:
        """The mean and what holds the middle `confidence` of the resamples."""
        return percentiles(self.mean, self.means, self.confidence)


def crossed_interval(values: "NDArray[np.float64]", bootstrap: Bootstrap) -> Interval:
    """The mean of values (S seeds, P prompts) and its interval; NaN bounds where there is one prompt.

    With a single seed, the interval speaks for its prompts alone.
    """
    return crossed(values, bootstrap).interval


def crossed(values: "NDArray[np.float64]", bootstrap: Bootstrap) -> Resampled:
    """The mean of values (S, P), resampled; NaN where there is one prompt, which tells no spread.

    The same seeds and prompts are drawn for all values of one shape.
    """
    import numpy as np

    assert values.ndim == 2, f"values have shape {values.shape}, expected (seeds, prompts)"
    if not values.size or not np.isfinite(values).all():
        raise UserError(f"{values.shape} differences of scores are not all finite; look for NaN among them")
    mean = float(values.mean())
    if values.shape[1] == 1:
        return Resampled(mean, np.full(bootstrap.resamples, np.nan), bootstrap.confidence)
    drawn_seeds, drawn_prompts = _drawn(*values.shape, bootstrap.resamples, bootstrap.seed)
    means = ((drawn_seeds @ stretched(values, bootstrap.confidence)) * drawn_prompts).sum(axis=1)
    return Resampled(mean, means, bootstrap.confidence)


def crossed_share(values: "NDArray[np.float64]", bootstrap: Bootstrap) -> Interval:
    """As `crossed_interval`, of values between 0 and 1, which no share leaves."""
    found = crossed_interval(values, bootstrap)
    low, high = (min(max(bound, 0.0), 1.0) for bound in (found.low, found.high))
    return Interval(found.mean, low, high)


def stretched(values: "NDArray[np.float64]", confidence: float) -> "NDArray[np.float64]":
    """The values (S, P) with what seeds and prompts add to the mean stretched; the mean stays."""
    mean = values.mean()
    of_seeds, of_prompts = (values.mean(axis=axis, keepdims=True) - mean for axis in (1, 0))
    by_seeds, by_prompts = (stretch(count, confidence) - 1 for count in values.shape)
    wide: NDArray[np.float64] = values + by_seeds * of_seeds + by_prompts * of_prompts
    return wide


def stretch(count: int, confidence: float) -> float:
    """By how much a normal interval from the spread of `count` resampled things is to be widened.

    sqrt(n / (n - 1)) for the spread, and t over z for its being estimated: 1.58 of five at 95%, 1.03 of 64.
    """
    from scipy.special import ndtri, stdtrit

    if count == 1:
        return 1.0
    quantile = (1 + confidence) / 2
    return float((count / (count - 1)) ** 0.5 * stdtrit(count - 1, quantile) / ndtri(quantile))


@lru_cache(maxsize=4)
def _drawn(
    seeds: int, prompts: int, resamples: int, seed: int
) -> "tuple[NDArray[np.float64], NDArray[np.float64]]":
    """The shares of seeds and of prompts; a comparison asks hundreds of times for the same ones."""
    import numpy as np

    generator = np.random.default_rng(seed_of("crossed_interval", seed))
    return _shares(seeds, resamples, generator), _shares(prompts, resamples, generator)


def _shares(count: int, resamples: int, generator: "np.random.Generator") -> "NDArray[np.float64]":
    """How large a share of each resample each of `count` things is: (resamples, count), rows sum to 1."""
    equal = [1.0 / count] * count
    shares: NDArray[np.float64] = generator.multinomial(count, equal, size=resamples) / count
    return shares
