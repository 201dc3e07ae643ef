"""Finds the moving shape in any clip: its place, size, shape and colours in every frame.

Each frame is explained as background + coverage x (colour - background), where coverage is the renderer's
picture of one of the three shapes. Place and size are fitted to fractions of a pixel by Gauss-Newton, for all
three shapes at once; the two colours follow by least squares.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vip.shapes.frames import checked
from vip.shapes.renderer import signed_distance
from vip.shapes.scene import SHAPES, SIZE

Array = NDArray[np.floating]

AREAS = {"circle": np.pi, "square": 3.24, "triangle": 2.07}
"""Area of each shape of radius 1."""
CENTROIDS = {"circle": 0.0, "square": 0.0, "triangle": 0.3}
"""How far the centre of mass of each shape of radius 1 lies below its centre."""
COARSE, FINE = (2.0,), (1.0, 1.0, 1.0)
"""Width in pixels of the outline in each Gauss-Newton step; before each fine one, colours are fitted."""
SMALLEST, LARGEST = 1.0, 14.0
"""Bounds of a fitted radius, in pixels."""
FAINTEST = 2e4
"""Contrast energy (squared grey levels x pixels) below which nothing counts as an object."""

_ROWS, _COLUMNS = (np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1) + 0.5).astype(np.float32)


@dataclass(frozen=True)
class Measurement:
    """What a clip shows, frame by frame (F frames, S the three shapes in the order of `SHAPES`)."""

    place: Array
    """(F, 3): centre x, centre y and radius in pixels, of the best fitting shape."""
    colour: Array
    """(F, 3): colour of the object, 0..255."""
    background: Array
    """(F, 3): colour of the background, 0..255."""
    shape_margin: Array
    """(F, S): how much better each shape fits than the best other one; 1 is that very shape, -1 another."""
    presence: Array
    """(F,): share of what differs from the background that one object explains, 0..1."""
    coverage: Array
    """(F, H, W): the coverage of the best fitting shape, 0..1."""


@dataclass
class _Fit:
    """The fits of all shapes to all frames: place (S, F, 3), coverage (S, F, P), squared error (S, F)."""

    place: Array
    coverage: Array
    error: Array


def measure(frames: NDArray[np.uint8]) -> Measurement:
    """Explain uint8 frames (F, 32, 32, 3) by one flat shape on one plain background."""
    pixels = checked(frames, "the shapes oracle").astype(np.float32).reshape(len(frames), SIZE * SIZE, 3)
    background = np.median(pixels, axis=1)
    colour = _guess_colour(pixels, background)
    alpha = _opacity(pixels, background, colour)
    places = np.stack([_guess_place(shape, alpha) for shape in SHAPES])
    for softness in COARSE:
        places = _improve(places, alpha, softness)
    fit = _fitted(places, alpha)
    for softness in FINE:
        background, colour = _regress_colours(pixels, _best(fit.coverage, fit))
        alpha = _opacity(pixels, background, colour)
        fit = _keep_better(
            _fitted(_improve(fit.place, alpha, softness), alpha), _judged(fit.place, fit.coverage, alpha)
        )
    coverage = _best(fit.coverage, fit)
    background, colour = _regress_colours(pixels, coverage)
    return Measurement(
        place=_best(fit.place, fit),
        colour=colour,
        background=background,
        shape_margin=_shape_margin(fit),
        presence=_presence(pixels, background, colour, coverage),
        coverage=coverage.reshape(-1, SIZE, SIZE),
    )


def smooth(pictures: Array) -> Array:
    """Average each pixel of (F, H, W, ...) with its eight neighbours; the border repeats."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1), *((0, 0),) * (pictures.ndim - 3)), mode="edge")
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    smoothed: Array = (rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]) / 9.0
    return smoothed


def _guess_colour(pixels: Array, background: Array) -> Array:
    """Mean colour (F, 3) of the pixels that, with their neighbours, differ most from the background."""
    difference = np.linalg.norm(pixels - background[:, None], axis=-1).reshape(-1, SIZE, SIZE)
    weights = (smooth(difference).reshape(len(pixels), -1) + 1e-3) ** 4
    weights /= weights.sum(axis=1, keepdims=True)
    guess: Array = np.einsum("fp,fpc->fc", weights, pixels)
    return guess


def _opacity(pixels: Array, background: Array, colour: Array) -> Array:
    """How far each pixel (F, P) is on the way from background (0) to colour (1)."""
    direction = colour - background
    scale = np.maximum((direction**2).sum(axis=-1), 100.0)
    opacity: Array = np.einsum("fpc,fc->fp", pixels - background[:, None], direction) / scale[:, None]
    return np.clip(opacity, -1.0, 2.0)


def _guess_place(shape: str, alpha: Array) -> Array:
    """Centre and radius (F, 3) from the area and centre of mass of the opaque pixels."""
    weights = np.clip(alpha - 0.35, 0.0, 0.65) + 1e-6
    mass = weights.sum(axis=1)
    radius = np.sqrt(np.clip(mass / 0.65, 4.0, 500.0) / AREAS[shape])
    centre_x = (weights * _COLUMNS).sum(axis=1) / mass
    centre_y = (weights * _ROWS).sum(axis=1) / mass - CENTROIDS[shape] * radius
    return np.stack([centre_x, centre_y, radius], axis=-1)


def _cover(shape: str, place: Array, softness: float = 1.0) -> Array:
    """The renderer's coverage (..., P) of a shape at places (..., 3), its outline `softness` pixels wide."""
    x, y, radius = (place[..., index, None] for index in range(3))
    distance = signed_distance(shape, _COLUMNS - x, _ROWS - y, radius)
    coverage: Array = np.clip(0.5 - distance / softness, 0.0, 1.0)
    return coverage


def _improve(places: Array, alpha: Array, softness: float) -> Array:
    """One Gauss-Newton step of every shape's places (S, F, 3) towards the opacities (F, P)."""
    step = 0.1 * np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)
    improved = []
    for shape, place in zip(SHAPES, places, strict=True):
        here, *moved = _cover(shape, place + step[:, None], softness)
        slopes = np.stack([(there - here) / 0.1 for there in moved], axis=1)
        normal = slopes @ slopes.transpose(0, 2, 1) + 0.05 * np.eye(3, dtype=np.float32)
        change = np.linalg.solve(normal, slopes @ (alpha - here)[..., None])[..., 0]
        improved.append(_inside(place + np.clip(change, -2.0, 2.0)))
    return np.stack(improved)


def _inside(place: Array) -> Array:
    return np.clip(place, (0.0, 0.0, SMALLEST), (SIZE, SIZE, LARGEST)).astype(np.float32)


def _fitted(places: Array, alpha: Array) -> _Fit:
    coverage = np.stack([_cover(shape, place) for shape, place in zip(SHAPES, places, strict=True)])
    return _judged(places, coverage, alpha)


def _judged(places: Array, coverage: Array, alpha: Array) -> _Fit:
    return _Fit(places, coverage, ((coverage - alpha) ** 2).sum(axis=-1))


def _keep_better(new: _Fit, old: _Fit) -> _Fit:
    better = new.error <= old.error
    return _Fit(
        np.where(better[..., None], new.place, old.place),
        np.where(better[..., None], new.coverage, old.coverage),
        np.where(better, new.error, old.error),
    )


def _best(values: Array, fit: _Fit) -> Array:
    """Of values (S, F, ...), those of the best fitting shape of each frame."""
    picked: Array = values[fit.error.argmin(axis=0), np.arange(values.shape[1])]
    return picked


def _regress_colours(pixels: Array, coverage: Array) -> tuple[Array, Array]:
    """Background and colour (F, 3) that explain the pixels best, given the coverage (F, P)."""
    count = coverage.shape[1]
    mean_coverage = coverage.mean(axis=1, keepdims=True)
    mean_pixel = pixels.mean(axis=1)
    spread = ((coverage - mean_coverage) ** 2).sum(axis=1)[:, None] + 1e-6 * count
    contrast = np.einsum("fp,fpc->fc", coverage - mean_coverage, pixels) / spread
    background = mean_pixel - mean_coverage * contrast
    return background, background + contrast


def _shape_margin(fit: _Fit) -> Array:
    """(F, S): difference of squared errors over squared difference of coverages, so that noise cancels."""
    margins = np.full(fit.error.shape, np.inf)
    for this in range(len(SHAPES)):
        for other in range(len(SHAPES)):
            if this != other:
                apart = ((fit.coverage[this] - fit.coverage[other]) ** 2).sum(axis=-1) + 0.05
                margins[this] = np.minimum(margins[this], (fit.error[other] - fit.error[this]) / apart)
    return margins.T


def _presence(pixels: Array, background: Array, colour: Array, coverage: Array) -> Array:
    """1 - unexplained / (energy against the background), both after smoothing away pixel noise."""
    clean = background[:, None] + coverage[..., None] * (colour - background)[:, None]
    unexplained, energy = (
        (smooth((pixels - model).reshape(-1, SIZE, SIZE, 3)) ** 2).sum(axis=(1, 2, 3))
        for model in (clean, background[:, None])
    )
    explained: Array = 1.0 - (unexplained + FAINTEST) / (energy + FAINTEST)
    return np.maximum(explained, 0.0)
