"""The embedded world's third reward: a small network that learned to read spoiled renderings."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.hashing import content_hash, file_hash
from vip.rewards.shapes import ShapesReward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class ShapesClassifier(ShapesReward):
    """Scores by what the network reads."""

    name: ClassVar[str] = "shapes_classifier"
    revision: ClassVar[int] = 1

    @property
    def fingerprint(self) -> str:
        """The name, the revision and a hash of the weights."""
        return content_hash(self.name, self.revision, self._weights)

    @property
    def provenance(self) -> str:
        """The name, the revision and the beginning of the weights' hash."""
        return f"{super().provenance}, weights {self._weights[:12]}"

    def score_clip(self, frames: "NDArray[np.uint8]", prompt: str) -> "NDArray[np.floating[Any]]":
        """As `vip.shapes.classifier` does."""
        from vip.shapes.classifier import score_clip

        return score_clip(frames, prompt)

    @cached_property
    def _weights(self) -> str:
        from vip.shapes.classifier.reading import WEIGHTS

        return file_hash(WEIGHTS)
