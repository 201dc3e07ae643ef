"""Draws spoiled renderings of single frames with the truth about them: what the network learns from."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vip.shapes.classifier.damage import Array, damaged
from vip.shapes.renderer import coverage_at, covered, distance_at
from vip.shapes.scene import BACKGROUNDS, COLOURS, SHAPES, SIZE

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOTHING = len(SHAPES)
"""The shape of a frame that does not show exactly one."""
NOTHINGS = 0.16
"""Share of examples that show no shape, or two."""
BETWEEN = 0.15
"""Share of shapes drawn half-way between two of them."""
RADII = (2.0, 10.5)
PAINTS, BACKS = (np.array(list(colours.values()), np.float32) for colours in (COLOURS, BACKGROUNDS))


@dataclass(frozen=True)
class Example:
    """A frame and the truth about it; what is unknown of a frame without a single shape is NaN, or -1."""

    frame: Array
    """(H, W, 3), grey levels 0..255."""
    shape: Array
    """(4,): shares of the shapes and, last, of nothing; they sum to 1."""
    words: tuple[int, int]
    """Colour and background by their number, or -1."""
    coverage: Array
    """(H, W): how much of each pixel the shape covers, 0..1."""


def example(rng: np.random.Generator) -> Example:
    """Draw one, of any shape, size, place, colour and background, or of none."""
    if rng.random() < NOTHINGS:
        return _nothing(rng)
    shape = np.zeros(NOTHING + 1, np.float32)
    first, second = rng.permutation(len(SHAPES))[:2]
    shape[first] = rng.uniform(0.5, 1.0) if rng.random() < BETWEEN else 1.0
    shape[second] = 1.0 - shape[first]
    place = np.array([*rng.uniform(3.0, SIZE - 3.0, 2), rng.uniform(*RADII)], np.float32)
    colour, background = int(rng.integers(len(PAINTS))), int(rng.integers(len(BACKS)))
    coverage = _coverage(shape, place)
    frame = damaged(BACKS[background] + coverage[..., None] * (PAINTS[colour] - BACKS[background]), rng)
    return Example(frame, shape, (colour, background), coverage)


def _coverage(shape: Array, place: Array) -> Array:
    """The renderer's coverage (H, W) of a shape, or of one between shapes."""
    x, y, radius = map(float, place)
    distances = [distance_at(name, x, y, radius) for name in SHAPES]
    coverage: Array = covered(np.tensordot(shape[:NOTHING], distances, axes=1)).astype(np.float32)
    return coverage


def _nothing(rng: np.random.Generator) -> Example:
    """A plain picture, noise, stripes, patches, or two shapes: whatever is not one shape."""
    kind = rng.integers(8)
    known = [*PAINTS, *BACKS]
    plain = known[rng.integers(len(known))] if rng.random() < 0.7 else rng.uniform(0, 255, 3)
    frame: NDArray[np.floating] = np.broadcast_to(plain, (SIZE, SIZE, 3))
    if kind == 1:
        frame = rng.uniform(0, 255, frame.shape)
    elif kind == 2:
        wave = np.sin(np.arange(SIZE) * rng.uniform(0.05, 1.5) + rng.uniform(0, 6))
        frame = frame + rng.uniform(30, 120) * (wave[:, None, None] if rng.random() < 0.5 else wave[:, None])
    elif kind == 3:
        frame = rng.uniform(0, 255, (4, 4, 3)).repeat(8, axis=0).repeat(8, axis=1)
    elif kind >= 4:
        frame = _two(rng)
    shape = np.eye(NOTHING + 1, dtype=np.float32)[NOTHING]
    unknown = np.full((SIZE, SIZE), np.nan, np.float32)
    return Example(damaged(frame.astype(np.float32), rng), shape, (-1, -1), unknown)


def _two(rng: np.random.Generator) -> Array:
    """Two shapes, alike or not, in opposite corners."""
    behind = BACKS[rng.integers(len(BACKS))]
    words = rng.integers((len(SHAPES), len(PAINTS)), size=(2, 2))
    if rng.random() < 0.5:
        words[1] = words[0]
    corners = [(8.0, 8.0), (24.0, 24.0)] if rng.random() < 0.5 else [(8.0, 24.0), (24.0, 8.0)]
    frame = np.broadcast_to(behind, (SIZE, SIZE, 3))
    for (shape, colour), corner in zip(words, corners, strict=True):
        x, y = corner + rng.uniform(-2.0, 2.0, 2)
        coverage = coverage_at(SHAPES[shape], x, y, rng.uniform(3.5, 6.5)).astype(np.float32)
        frame = frame + coverage[..., None] * (PAINTS[colour] - behind)
    return frame
