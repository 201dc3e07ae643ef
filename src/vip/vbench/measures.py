"""The dimensions of VBench that need no model, measured by us."""

from typing import TYPE_CHECKING

from vip.vbench.dimensions import DYNAMIC_DEGREE, FLICKERING
from vip.vbench.dynamics import is_dynamic, stillness

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MEASURED = {FLICKERING: "temporal_flickering 1", DYNAMIC_DEGREE: "dynamic_degree farneback 2"}
"""The measured dimensions, and what names the way they are measured; raised with every change of it."""


def measure(dimension: str, frames: "NDArray[np.uint8]", frames_per_second: float) -> float:
    """One video (F, H, W, 3) in one of `MEASURED`: its stillness, or 1 if it moves and 0 if not."""
    if dimension == FLICKERING:
        return stillness(frames)
    assert dimension == DYNAMIC_DEGREE, f"{dimension} is not measured by us"
    return float(is_dynamic(frames, frames_per_second))
