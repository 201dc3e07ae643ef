"""A second reward beside VideoScore, against bias towards one reward model: CLIP and classical measures.

The paper compares with a second reward (its Supplement D.4) without its details being available; this one is
ours. None of its four measures is learned from people's opinions of generated videos, as VideoScore is.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.errors import UserError
from vip.families.snapshot import Snapshot, snapshot_of
from vip.generation.device import best_device
from vip.hashing import content_hash
from vip.rewards.base import Reward
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vip.rewards.clip_model import ClipModel

Ranges = Mapping[str, Sequence[float]]

RANGES: dict[str, tuple[float, float]] = {
    "visual_quality": (0.0, 1.0),
    "temporal_consistency": (0.8, 1.0),
    "dynamic_degree": (0.0, 0.1),
    "text_alignment": (0.1, 0.4),
}
"""The measures that become 1 and 4; what lies outside goes below 1 and above 4."""


@final
class ClipReward(Reward):
    """Four measures of a clip, each brought to VideoScore's scale of 1 to 4 by a straight line (`ranges`).

    - visual quality: 1 - blur (Crete et al. 2007, scikit-image's `blur_effect`), the mean over frames;
    - temporal consistency: cosine of CLIP's embeddings of neighbouring frames, the mean;
    - dynamic degree: how far the fastest 5% of pixels move a frame (`vip.motion.speed`);
    - text alignment: cosine of CLIP's embeddings of prompt and frame, the mean.
    """

    name: ClassVar[str] = "clip"
    revision: ClassVar[int] = 1
    """Raised whenever this code gives any clip another score."""

    def __init__(
        self,
        model: str = "openai/clip-vit-large-patch14",
        revision: str | None = None,
        ranges: Ranges = RANGES,
    ) -> None:
        """Take where the CLIP model is, and which measures are 1 and 4; nothing is loaded yet.

        Args:
            model: A local folder, or a name on the hub.
            revision: Of a name on the hub; the newest where it is None.
            ranges: By property, the measures that become 1 and 4; properties left out keep the default's.
        """
        self._named, self._asked_revision = model, revision
        self._ranges = RANGES | {name: _checked(name, pair) for name, pair in ranges.items()}

    @property
    def fingerprint(self) -> str:
        """A hash of this code's revision, the model's, and the ranges."""
        return content_hash(self.name, self.revision, self._snapshot.revision, self._ranges)

    @property
    def provenance(self) -> str:
        """This code's revision, the model and its revision."""
        return f"{self.name} revision {self.revision}, {self._snapshot}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, H, W, 3) of two frames or more against B prompts, each by itself: (B, 4)."""
        import numpy as np

        rows = [self._measure(clip, prompt) for clip, prompt in zip(frames, prompts, strict=True)]
        low, high = np.array([self._ranges[name] for name in PROPERTIES], dtype=np.float64).T
        measures = np.array(rows, dtype=np.float64).reshape(-1, len(PROPERTIES))
        scores: NDArray[np.float64] = 1 + 3 * (measures - low) / (high - low)
        return scores

    def _measure(self, clip: "NDArray[np.uint8]", prompt: str) -> list[float]:
        from vip.motion import speed

        if len(clip) < 2:
            raise UserError(
                f"a clip for {prompt!r} has {len(clip)} frames, reward 'clip' needs 2 to see motion"
            )
        alignment, consistency = self._model.similarities(clip, prompt)
        return [sharpness(clip), consistency, speed(clip), alignment]

    @cached_property
    def _snapshot(self) -> Snapshot:
        return snapshot_of(self._named, self._asked_revision)

    @cached_property
    def _model(self) -> "ClipModel":
        from vip.rewards.clip_model import open_clip

        return open_clip(self._snapshot.folder, best_device())


def sharpness(clip: "NDArray[np.uint8]") -> float:
    """1 - blur, the mean over frames (F, H, W, 3): 0 where all is blurred, towards 1 where edges are hard.

    A frame of a single colour has no edge and is counted as wholly blurred.
    """
    import numpy as np
    from skimage.measure import blur_effect

    return float(
        np.mean([1 - blur_effect(frame, channel_axis=-1) if np.ptp(frame) else 0.0 for frame in clip])
    )


def _checked(name: str, pair: Any) -> tuple[float, float]:
    if name not in PROPERTIES:
        raise UserError(f"reward 'clip': ranges names {name}; name any of {', '.join(PROPERTIES)}")
    try:
        low, high = map(float, pair)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise UserError(
            f"reward 'clip': the range of {name} is {pair}; give two numbers, the lower one first"
        )
    return low, high
