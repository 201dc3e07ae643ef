"""Every shape at every place and size of a grid, drawn at half the resolution.

Its steps are those of the grammar (SPEED pixels, GROWTH of the radius), so that a scene that moves or grows
goes from one entry to the next with every frame.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vip.shapes.renderer import coverage_at
from vip.shapes.scene import GROWTH, SHAPES, SIZE, SPEED

Array = NDArray[np.floating]

PLACES = np.arange(SPEED / 2, SIZE, SPEED)
"""Centres of a shape along each axis, in pixels."""
RADII = GROWTH * np.arange(3, 15)
"""Radii of a shape, in pixels."""
GRID = (len(SHAPES), len(RADII), len(PLACES), len(PLACES))
"""Axes of the dictionary: shape, radius, y, x."""


@dataclass(frozen=True)
class Dictionary:
    """N = the product of `GRID` coverages of P half-resolution pixels, with their sums and squared norms."""

    coverage: Array
    """(N, P), 0..1."""
    total: Array
    """(N,): sum over pixels."""
    energy: Array
    """(N,): sum of squares over pixels."""


@cache
def dictionary() -> Dictionary:
    """The dictionary, drawn when first asked for."""
    coverage = np.stack(
        [
            halved(coverage_at(shape, x, y, radius)[None, ..., None]).ravel()
            for shape, radius, y, x in product(SHAPES, RADII, PLACES, PLACES)
        ]
    ).astype(np.float32)
    return Dictionary(coverage, coverage.sum(axis=1), (coverage**2).sum(axis=1))


def halved(pictures: Array) -> Array:
    """Means over squares of 2 x 2 pixels: (F, H, W, C) -> (F, H/2, W/2, C)."""
    frames, height, width, channels = pictures.shape
    means: Array = pictures.reshape(frames, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))
    return means
