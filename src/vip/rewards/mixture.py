"""A weighted mixture of rewards, which is a reward itself."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.errors import UserError
from vip.hashing import content_hash
from vip.rewards.base import Reward
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIELDS = ("name", "weight", "options")


@final
class Mixture(Reward):
    """The weighted mean, property by property, of other rewards' scores; mixtures among them, too.

    Scores are mixed as they are: rewards on unlike scales need weights that say so.
    """

    name: ClassVar[str] = "mixture"

    def __init__(self, rewards: Sequence[Mapping[str, Any]]) -> None:
        """Take the rewards as YAML gives them: `name`, `weight` (above 0; 1 by default) and `options`."""
        from vip.rewards.registry import reward_named

        _check(rewards)
        total = sum(float(part.get("weight", 1.0)) for part in rewards)
        self._parts = [
            (float(part.get("weight", 1.0)) / total, reward_named(part["name"], part.get("options") or {}))
            for part in rewards
        ]

    @property
    def fingerprint(self) -> str:
        """A hash of each part's share and fingerprint, in their order."""
        return content_hash(self.name, [[share, reward.fingerprint] for share, reward in self._parts])

    @property
    def provenance(self) -> str:
        """Each part's share and provenance."""
        parts = " + ".join(f"{share:.4g} x {reward.provenance}" for share, reward in self._parts)
        return f"{self.name} ({parts})"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, H, W, 3) against B prompts with every part: their weighted mean (B, 4)."""
        import numpy as np

        mixed = np.zeros((len(prompts), len(PROPERTIES)))
        for share, reward in self._parts:
            mixed += share * reward.score(frames, prompts)
        return mixed


def _check(rewards: Any) -> None:
    if not isinstance(rewards, Sequence) or isinstance(rewards, str) or not rewards:
        raise UserError(
            f"reward 'mixture': rewards is {rewards!r}; list one or more, each with name and weight"
        )
    for place, part in enumerate(rewards, start=1):
        where = f"reward 'mixture': reward {place} of {len(rewards)}"
        if not isinstance(part, Mapping) or "name" not in part:
            raise UserError(f"{where} is {part!r}; give it a name, and a weight")
        unknown = sorted(set(part) - set(FIELDS))
        if unknown:
            raise UserError(f"{where} has {', '.join(map(str, unknown))}; known are {', '.join(FIELDS)}")
        weight = part.get("weight", 1.0)
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not 0 < weight < math.inf:
            raise UserError(f"{where} has weight {weight!r}; a weight is a number above 0")
