"""The embedded world's second reward: the nearest rendering, which training and curation need never see."""

from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.rewards.shapes import ShapesReward

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class InverseRendering(ShapesReward):
    """Scores by the rendering that comes nearest."""

    name: ClassVar[str] = "inverse_rendering"
    revision: ClassVar[int] = 1

    def score_clip(self, frames: "NDArray[np.uint8]", prompt: str) -> "NDArray[np.floating[Any]]":
        """As `vip.shapes.inverse_rendering` does."""
        from vip.shapes.inverse_rendering import score_clip

        return score_clip(frames, prompt)
