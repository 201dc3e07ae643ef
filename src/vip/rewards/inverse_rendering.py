"""The embedded world's second reward: the nearest rendering, which training and curation need never see."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

from vip.hashing import content_hash
from vip.rewards.base import Reward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class InverseRendering(Reward):
    """Scores clips of the shapes world, 1..4 in each dimension, by the rendering that comes nearest."""

    name: ClassVar[str] = "inverse_rendering"
    revision: ClassVar[int] = 1
    """Raised whenever this code gives any clip another score."""

    @property
    def fingerprint(self) -> str:
        """The name and revision; it has no settings."""
        return content_hash(self.name, self.revision)

    @property
    def provenance(self) -> str:
        """The name and revision."""
        return f"{self.name} revision {self.revision}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, 32, 32, 3) against B prompts, each by itself: (B, 4)."""
        import numpy as np

        from vip.shapes.inverse_rendering import score_clip

        scores = [score_clip(clip, prompt) for clip, prompt in zip(frames, prompts, strict=True)]
        return np.array(scores, dtype=np.float64).reshape(-1, 4)
