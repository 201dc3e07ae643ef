"""What scorers of the shapes world take: clips of its own size."""

import numpy as np
from numpy.typing import NDArray

from vip.errors import UserError
from vip.shapes.scene import SIZE


def checked(frames: NDArray[np.uint8], scorer: str) -> NDArray[np.uint8]:
    """The frames (F, 32, 32, 3) as they are; UserError naming the scorer where they are something else."""
    frames = np.asarray(frames)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != (SIZE, SIZE, 3) or len(frames) < 1:
        raise UserError(
            f"{scorer} measures uint8 clips (frames, {SIZE}, {SIZE}, 3), this one is {frames.dtype} "
            f"{frames.shape}: choose a reward for real videos in the scoring parameters"
        )
    return frames
