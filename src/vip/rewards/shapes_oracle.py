"""The embedded world's reward: an oracle that measures pixels, and knows the truth of every caption."""

from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.rewards.shapes import ShapesReward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class ShapesOracle(ShapesReward):
    """Scores by measuring pixels."""

    name: ClassVar[str] = "shapes_oracle"
    revision: ClassVar[int] = 2

    def score_clip(self, frames: "NDArray[np.uint8]", prompt: str) -> "NDArray[np.floating[Any]]":
        """As `vip.shapes.oracle` does."""
        from vip.shapes.oracle import score_clip

        return score_clip(frames, prompt)
