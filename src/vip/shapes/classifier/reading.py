"""What the network reads in a clip, in words, pixels and grey levels."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vip.shapes.classifier.examples import BACKS, NOTHING, PAINTS
from vip.shapes.frames import checked

if TYPE_CHECKING:
    from vip.shapes.classifier.network import FrameReader

Array = NDArray[np.float64]

WEIGHTS = Path(__file__).with_name("weights.safetensors")
AREAS = np.array([np.pi, 3.24, 2.07])
"""Of each shape of radius 1."""
SURE = 8
"""The power of a coverage by which pixels count for the colour of the shape: mixed ones hardly do."""


@dataclass(frozen=True)
class Story:
    """What is read in F frames: shares of words, the rest in pixels and grey levels."""

    there: Array
    """(F,): how probably the frame shows one shape."""
    shape: Array
    """(F, 3): which one it is, if there is one."""
    colour: Array
    """(F, 6)."""
    background: Array
    """(F, 3)."""
    place: Array
    """(F, 3): x and y of the middle of what is covered, and the radius of a shape that large, in pixels."""
    looks: Array
    """(F, 6): the colours of what is covered and of what is not, in grey levels."""
    error: Array
    """(F,): mean absolute difference from what the network reads, drawn clean, in grey levels."""


def read(frames: NDArray[np.uint8], network: "FrameReader | None" = None) -> Story:
    """What the network, or another one in double precision, reads in uint8 frames (F, 32, 32, 3)."""
    import torch

    pictures = torch.from_numpy(checked(frames, "the classifier").transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        told = (network or opened())(pictures.double())
    shape, colour, background = (
        logits.softmax(dim=1).numpy() for logits in (told.shape, told.colour, told.background)
    )
    covered, there = told.coverage.sigmoid().numpy(), 1.0 - shape[:, NOTHING]
    named = shape[:, :NOTHING] / np.maximum(there, 1e-12)[:, None]
    clean = _drawn(covered, colour @ PAINTS, background @ BACKS)
    return Story(
        there=there,
        shape=named,
        colour=colour,
        background=background,
        place=_place(covered, float((named @ AREAS).mean())),
        looks=np.hstack([_colour(frames, covered), _colour(frames, 1.0 - covered)]),
        error=np.abs(frames - clean).mean(axis=(1, 2, 3)),
    )


@cache
def opened() -> "FrameReader":
    """The shipped network, in double precision."""
    from vip.shapes.classifier.network import FrameReader
    from vip.tensors import load_tensors

    network = FrameReader()
    network.load_state_dict(load_tensors(WEIGHTS))
    return network.double().eval().requires_grad_(requires_grad=False)


def _drawn(covered: Array, colour: Array, background: Array) -> Array:
    """Frames (F, H, W, 3) of one colour (F, 3) in front of another."""
    colour, background = (each[:, None, None] for each in (colour, background))
    drawn: Array = background + covered[..., None] * (colour - background)
    return drawn


def _place(covered: Array, area: float) -> Array:
    """(F, 3): the middle of what is covered, and the radius of a shape with that area, `area` at radius 1."""
    total = covered.sum(axis=(1, 2)) + 1e-6
    pixels = np.arange(covered.shape[-1]) + 0.5
    x, y = covered.sum(axis=1) @ pixels / total, covered.sum(axis=2) @ pixels / total
    return np.stack([x, y, np.sqrt(total / area)], axis=1)


def _colour(frames: NDArray[np.uint8], covered: Array) -> Array:
    """(F, 3): the mean colour of what is wholly covered."""
    weights = covered**SURE + 1e-6
    mean: Array = np.einsum("fhw,fhwc->fc", weights, frames) / weights.sum(axis=(1, 2))[:, None]
    return mean
