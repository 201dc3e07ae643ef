"""Analysis by synthesis: which rendering of the grammar comes nearest to a clip, in squared grey levels.

Colours first, by the nearest entries of the dictionary, frame by frame; then place and size of every shape at
full resolution, by halving steps; and each motion as a walk through the dictionary.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vip.shapes.frames import checked
from vip.shapes.inverse_rendering.dictionary import GRID, PLACES, RADII, Array, dictionary, halved
from vip.shapes.renderer import covered, signed_distance
from vip.shapes.scene import BACKGROUNDS, COLOURS, GROWTH, MOTIONS, SHAPES, SIZE, SPEED, velocity_of

STEPS = (1.0, 0.5, 0.25, 0.125)
"""Pixels that place and radius are moved by in each round of the refinement."""
MOVES = np.array(list(product((-1.0, 0.0, 1.0), repeat=3))) * (1.0, 1.0, GROWTH / SPEED)

_ROWS, _COLUMNS = np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1) + 0.5


@dataclass(frozen=True)
class Explanation:
    """The rendering nearest to a clip (F frames, S the shapes in the order of `SHAPES`, P pixels)."""

    colour: str
    background: str
    place: Array
    """(S, F, 3): nearest centre x, centre y and radius of each shape, in pixels."""
    coverage: Array
    """(S, F, P): what each shape covers there, 0..1."""
    error: Array
    """(S, F): squared distance of the frame to that rendering."""
    motion_error: Array
    """(M,): squared distance, at half the resolution, of the clip to the best scene of each motion."""
    motion_walk: Array
    """(M, P/4 x F): those scenes' coverages."""

    @property
    def shape(self) -> int:
        """Which shape comes nearest over the whole clip."""
        return int(self.error.sum(axis=1).argmin())

    @property
    def contrast(self) -> float:
        """Squared distance of the two colours."""
        difference = _rgb(COLOURS[self.colour]) - _rgb(BACKGROUNDS[self.background])
        return float(difference @ difference)

    @property
    def rendered(self) -> Array:
        """The nearest rendering: (F, P, 3)."""
        behind = _rgb(BACKGROUNDS[self.background])
        drawn: Array = behind + self.coverage[self.shape][..., None] * (_rgb(COLOURS[self.colour]) - behind)
        return drawn


def explain(frames: NDArray[np.uint8]) -> Explanation:
    """Search the nearest rendering of uint8 frames (F, 32, 32, 3); UserError for clips of another kind."""
    pictures = checked(frames, "inverse rendering").astype(np.float32)
    (colour, background), volume = _coloured(halved(pictures).reshape(len(frames), -1, 3))
    direction = _rgb(COLOURS[colour]) - _rgb(BACKGROUNDS[background])
    pixels = pictures.reshape(len(frames), -1, 3) - _rgb(BACKGROUNDS[background])
    places = np.stack(
        [
            _refined(shape, _coarse(volume[index]), pixels @ direction, float(direction @ direction))
            for index, shape in enumerate(SHAPES)
        ]
    )
    coverage = np.stack([_cover(shape, place) for shape, place in zip(SHAPES, places, strict=True)])
    walks = [_walk(volume, motion) for motion in MOTIONS]
    return Explanation(
        colour=colour,
        background=background,
        place=places,
        coverage=coverage,
        error=((pixels - coverage[..., None] * direction) ** 2).sum(axis=(2, 3)),
        motion_error=np.array([error for error, _ in walks]),
        motion_walk=np.stack([dictionary().coverage[entries].ravel() for _, entries in walks]),
    )


def _coloured(small: Array) -> tuple[tuple[str, str], Array]:
    """Colour and background whose entries come nearest to frames (F, P, 3), and the distances (*GRID, F)."""
    known, frames = dictionary(), len(small)
    words = list(product(COLOURS, BACKGROUNDS))
    behind = np.stack([_rgb(BACKGROUNDS[background]) for _, background in words])
    direction = np.stack([_rgb(COLOURS[colour]) for colour, _ in words]) - behind
    likeness = (known.coverage @ small.transpose(1, 0, 2).reshape(small.shape[1], -1)).reshape(-1, 3)
    alone = ((small[:, :, None] - behind) ** 2).sum(axis=(1, 3))
    drawn = np.outer(known.energy, (direction**2).sum(axis=1))
    drawn += 2 * np.outer(known.total, (direction * behind).sum(axis=1))
    distances = (likeness @ (-2 * direction.T)).reshape(-1, frames, len(words))
    distances += drawn[:, None]
    nearest = int((distances.min(axis=0) + alone).sum(axis=0).argmin())
    return words[nearest], (distances[..., nearest] + alone[:, nearest]).reshape(*GRID, frames)


def _rgb(colour: tuple[int, int, int]) -> Array:
    return np.array(colour, np.float32)


def _coarse(volume: Array) -> Array:
    """The nearest grid place (F, 3) of one shape, from its distances (radius, y, x, F)."""
    nearest = volume.reshape(-1, volume.shape[-1]).argmin(axis=0)
    radius, y, x = np.unravel_index(nearest, volume.shape[:3])
    return np.stack([PLACES[x], PLACES[y], RADII[radius]], axis=-1)


def _refined(shape: str, place: Array, projected: Array, contrast: float) -> Array:
    """Places (F, 3) moved to where the rendering is nearest to `projected` (F, P), by ever smaller steps."""
    frames = np.arange(len(place))
    for step in STEPS:
        around = np.maximum(place[:, None] + step * MOVES, (-SIZE, -SIZE, 1.0))
        coverage = _cover(shape, around)
        distances = (coverage * (contrast * coverage - 2 * projected[:, None])).sum(axis=-1)
        place = around[frames, distances.argmin(axis=1)]
    return place


def _cover(shape: str, place: Array) -> Array:
    """The renderer's coverage (..., P) of a shape at places (..., 3)."""
    x, y, radius = (place[..., index, None].astype(np.float32) for index in range(3))
    rows, columns = _ROWS.astype(np.float32), _COLUMNS.astype(np.float32)
    coverage: Array = covered(signed_distance(shape, columns - x, rows - y, radius))
    return coverage


def _walk(volume: Array, motion: str) -> tuple[float, NDArray[np.intp]]:
    """The nearest scene of one motion: its squared distance to the clip, and its entry in each frame (F,)."""
    frames = volume.shape[-1]
    walked = _walks(motion, frames)
    distances = volume.reshape(-1, frames)[walked, np.arange(frames)].sum(axis=1)
    best = int(distances.argmin())
    return float(distances[best]), walked[best]


@cache
def _walks(motion: str, frames: int) -> NDArray[np.intp]:
    """The entries (N, F) that a scene goes through from each of them on; at the grid's edge it stays."""
    steps = velocity_of(motion)[::-1]
    entries = np.arange(np.prod(GRID)).reshape(GRID)
    shapes, *counts = (np.arange(count) for count in GRID)
    paths = []
    for time in range(frames):
        moved = [np.clip(places + int(step) * time, 0, len(places) - 1)
                 for places, step in zip(counts, steps, strict=True)]  # fmt: skip
        paths.append(entries[np.ix_(shapes, *moved)].ravel())
    return np.stack(paths, axis=1)
