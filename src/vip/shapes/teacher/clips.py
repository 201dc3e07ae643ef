"""What the embedded teacher is trained on: renderings of the scenes that are not held out."""

from typing import TYPE_CHECKING

from vip.shapes.scene import RADIUS, SIZE, all_scenes, is_held_out

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from torch import Tensor


def training_clips(placements: int) -> "tuple[list[int], Tensor]":
    """Render each training scene `placements` times: scene numbers, and uint8 frames (N, F, 3, H, W)."""
    from vip.shapes.renderer import render_random

    scenes = all_scenes()
    numbers = _training_scenes() * placements
    return numbers, _stack(render_random(scenes[number], seed) for seed, number in enumerate(numbers))


def centred_clips() -> "tuple[list[int], Tensor]":
    """Render each training scene once, at the middle of the picture: numbers and frames as above."""
    from vip.shapes.renderer import Placement, render

    scenes, middle = all_scenes(), Placement(SIZE / 2, SIZE / 2, sum(RADIUS) / 2)
    numbers = _training_scenes()
    return numbers, _stack(render(scenes[number], middle) for number in numbers)


def _training_scenes() -> list[int]:
    return [number for number, scene in enumerate(all_scenes()) if not is_held_out(scene)]


def _stack(clips: "Iterable[np.ndarray]") -> "Tensor":
    import numpy as np
    import torch

    return torch.from_numpy(np.stack(list(clips))).permute(0, 1, 4, 2, 3).contiguous()
