"""How much moves between frames: dense optical flow by OpenCV, without any model's weights."""

from itertools import pairwise
from typing import TYPE_CHECKING

from vip.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRONGEST = 0.05
"""The share of pixels, those that move most, whose mean stands for a pair of frames, as in VBench."""


def speed(frames: "NDArray[np.uint8]") -> float:
    """How far the fastest 5% of pixels of a clip (F, H, W, 3) move a frame, as a share of its shorter side.

    The mean of `displacements`; UserError below two frames.
    """
    if len(frames) < 2:
        raise UserError(f"a clip has {len(frames)} frames, and motion shows in 2 or more")
    return float(displacements(frames).mean() / min(frames.shape[1:3]))


def displacements(frames: "NDArray[np.uint8]") -> "NDArray[np.float64]":
    """By how many pixels the fastest 5% of each frame move to the next: (F - 1,), from frames (F, H, W, 3).

    The flow is Farneback's (2003), on grey frames, in three scales with windows of 15 pixels.
    """
    import cv2
    import numpy as np

    grey = [cv2.cvtColor(np.ascontiguousarray(frame), cv2.COLOR_RGB2GRAY) for frame in frames]
    return np.array([_strongest(_farneback(*pair)) for pair in pairwise(grey)], dtype=np.float64)


def _farneback(before: "NDArray[np.uint8]", after: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """The flow (H, W, 2) in pixels, x before y."""
    import cv2
    import numpy as np

    start = np.zeros((*before.shape, 2), dtype=np.float32)
    flow: NDArray[np.float32] = cv2.calcOpticalFlowFarneback(
        before,
        after,
        start,
        pyr_scale=0.5,
        levels=3,
        winsize=15,
        iterations=3,
        poly_n=5,
        poly_sigma=1.2,
        flags=0,
    )
    return flow


def _strongest(flow: "NDArray[np.float32]") -> float:
    """The mean length of the longest 5% of the vectors of a flow (H, W, 2), at least one of them."""
    import numpy as np

    lengths = np.sort(np.hypot(flow[..., 0], flow[..., 1]), axis=None)
    count = max(1, int(STRONGEST * lengths.size))
    return float(lengths[-count:].mean(dtype=np.float64))
