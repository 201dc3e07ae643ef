"""The embedded world's reward: an oracle that measures pixels, and knows the truth of every caption."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

from vip.hashing import content_hash
from vip.rewards.base import Reward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class ShapesOracle(Reward):
    """Scores clips of the shapes world, 1..4 in each of VideoScore's dimensions."""

    name: ClassVar[str] = "shapes_oracle"
    revision: ClassVar[int] = 2
    """Raised whenever the oracle's code gives any clip another score."""

    @property
    def fingerprint(self) -> str:
        """The oracle's name and revision; it has no settings."""
        return content_hash(self.name, self.revision)

    @property
    def provenance(self) -> str:
        """The oracle's name and revision."""
        return f"{self.name} revision {self.revision}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, 32, 32, 3) against B prompts, each by itself: (B, 4)."""
        import numpy as np

        from vip.shapes.oracle import score_clip

        scores = [score_clip(clip, prompt) for clip, prompt in zip(frames, prompts, strict=True)]
        return np.array(scores, dtype=np.float64).reshape(-1, 4)
