"""What rewards of the embedded world share: no settings, and clips that are scored one by one."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from vip.hashing import content_hash
from vip.rewards.base import Reward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class ShapesReward(Reward):
    """Scores clips of the shapes world, 1..4 in each of VideoScore's dimensions, each by itself."""

    revision: ClassVar[int]
    """Raised whenever its code gives any clip another score."""

    @property
    def fingerprint(self) -> str:
        """The name and revision; it has no settings."""
        return content_hash(self.name, self.revision)

    @property
    def provenance(self) -> str:
        """The name and revision."""
        return f"{self.name} revision {self.revision}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, 32, 32, 3) against B prompts: (B, 4)."""
        import numpy as np

        scores = [self.score_clip(clip, prompt) for clip, prompt in zip(frames, prompts, strict=True)]
        return np.array(scores, dtype=np.float64).reshape(-1, 4)

    @abstractmethod
    def score_clip(self, frames: "NDArray[np.uint8]", prompt: str) -> "NDArray[np.floating[Any]]":
        """Score a clip (F, 32, 32, 3) against a prompt: (4,)."""
