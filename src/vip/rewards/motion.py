"""A reward that knows of motion alone, whatever the prompt: a preference to teach, not a judge of clips."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, final

from vip.errors import UserError
from vip.hashing import content_hash
from vip.rewards.base import Reward
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@final
class Motion(Reward):
    """Its dynamic degree is how fast a clip moves (`vip.motion.speed`); the other properties are all 1.

    A straight line leads from 1, nothing moves, to 4, the fastest pixels cross `fastest` of the frame's
    shorter side from one frame to the next; what is faster gets more. It needs no model, and suits any size.
    """

    name: ClassVar[str] = "motion"
    revision: ClassVar[int] = 1
    """Raised whenever this code gives any clip another score."""

    def __init__(self, fastest: float = 0.1) -> None:
        """Take the speed that scores 4, as a share of the shorter side a frame."""
        if not fastest > 0:
            raise UserError(f"reward 'motion': fastest is {fastest}; give a number above 0")
        self._fastest = fastest

    @property
    def fingerprint(self) -> str:
        """A hash of this code's revision and of `fastest`."""
        return content_hash(self.name, self.revision, self._fastest)

    @property
    def provenance(self) -> str:
        """This code's revision, and `fastest`."""
        return f"{self.name} revision {self.revision}, fastest {self._fastest:g}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, H, W, 3) of two frames or more: (B, 4); prompts do not matter."""
        import numpy as np

        from vip.motion import speed

        scores = np.ones((len(prompts), len(PROPERTIES)))
        speeds = np.array([speed(clip) for clip in frames], dtype=np.float64)
        scores[:, PROPERTIES.index("dynamic_degree")] += 3 * speeds / self._fastest
        return scores
