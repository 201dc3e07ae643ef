"""Clips decoded one by one, so that a clip's pixels do not depend on its batch."""

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vip.families.base import VideoFamily


def decode_clips(family: "VideoFamily", latents: "Tensor") -> "NDArray[np.uint8]":
    """Latents (B, C, F, h, w) to frames (B, F, H, W, 3)."""
    import numpy as np
    import torch

    with torch.inference_mode():
        return np.stack([_pixels(family.decode_clip(clip[None])) for clip in latents])


def _pixels(video: "Tensor") -> "NDArray[np.uint8]":
    """(1, 3, F, H, W) in -1..1 to (F, H, W, 3) in 0..255."""
    frames = (video[0].float() / 2 + 0.5).clamp(0, 1).permute(1, 2, 3, 0).cpu().numpy()
    return cast("NDArray[np.uint8]", (frames * 255).round().astype("uint8"))
