"""Scores a clip by the rendering that explains it, in VideoScore's four dimensions, from 1 (bad) to 4 (good).

Visual quality is what the rendering leaves over; temporal consistency, how straight the shape's path is and
how little its looks change; dynamic degree, how far the path leads; text alignment, by how much the caption's
words explain the clip better than other words would.
"""

import numpy as np
from numpy.typing import NDArray

from vip.shapes.captions import Meaning, parse
from vip.shapes.frames import checked
from vip.shapes.inverse_rendering.dictionary import Array, halved
from vip.shapes.inverse_rendering.search import Explanation, explain
from vip.shapes.scene import BACKGROUNDS, COLOURS, GROWTH, MOTIONS, SHAPES, SPEED, STILL

PRESENCE = (0.6, 0.85)
"""Squared correlation of a frame with the rendering at which an object begins, and at which it surely is."""
FAINTEST = 5e3
"""Variance of a frame at half resolution, summed over pixels, below which nothing is there to explain."""
RESIDUAL = 30.0
"""Root mean square error in grey levels that costs visual quality 63%."""
BEND = 1.5
"""Root mean square distance from a straight path, in pixels, that costs temporal consistency 63%."""
FLICKER = 90.0
"""Root mean square change of the looks from frame to frame, in grey levels, that costs as much."""
DECISION = 0.15
"""Margin between two explanations, as a share of their distance, at which one is e times likelier."""


def score_clip(frames: NDArray[np.uint8], caption: str) -> Array:
    """Score uint8 frames (F, 32, 32, 3) against a caption: (4,) in the order of `vip.types.PROPERTIES`."""
    found, meaning = explain(checked(frames, "inverse rendering")), parse(caption)
    there = presence(found, frames)
    path = _path(found, there)
    agreements = (
        visual_quality(found),
        temporal_consistency(found, frames, path, there),
        dynamic_degree(path, meaning.motion),
        text_alignment(found, frames, meaning),
    )
    return 1.0 + 3.0 * float(there.mean()) * np.array(agreements)


def presence(found: Explanation, frames: NDArray[np.uint8]) -> Array:
    """How surely each frame (F,) shows the shape: by its squared correlation with the rendering."""
    seen, drawn = (
        pictures - pictures.mean(axis=(1, 2), keepdims=True)
        for pictures in (halved(frames.astype(np.float64)), halved(found.rendered.reshape(frames.shape)))
    )
    variance, agreement, strength = (
        (one * other).sum(axis=(1, 2, 3)) for one, other in ((seen, seen), (seen, drawn), (drawn, drawn))
    )
    share = np.maximum(agreement, 0.0) ** 2 / ((variance + FAINTEST) * (strength + FAINTEST))
    low, high = PRESENCE
    rise: Array = np.clip((share - low) / (high - low), 0.0, 1.0)
    return rise


def visual_quality(found: Explanation) -> float:
    """How little the rendering leaves over."""
    residual = found.error[found.shape] / (3 * found.coverage.shape[-1])
    return float(np.exp(-residual / RESIDUAL**2).mean())


def temporal_consistency(found: Explanation, frames: NDArray[np.uint8], path: Array, there: Array) -> float:
    """One shape on a straight path that looks the same in every frame; the amount of motion is free."""
    bend = float(np.sqrt(((path - _straightened(path)) ** 2).sum(axis=1).mean()))
    steady = float(np.exp(-((bend / BEND) ** 2) - _flicker(_looks(found, frames), there) / FLICKER))
    likely = _softmax(-found.error / (DECISION * _apart(found)))
    same_shape = min(float((likely.mean(axis=1) ** 2).sum() / (likely**2).sum(axis=0).mean()), 1.0)
    vanishing = float(np.abs(np.diff(there)).mean()) if len(there) > 1 else 0.0
    return steady * same_shape * (1.0 - vanishing)


def _flicker(looks: Array, there: Array) -> float:
    """Root mean square change of the looks (F, 2, 3) between neighbouring frames that both show the shape."""
    weights = np.minimum(there[1:], there[:-1])
    changes = (np.diff(looks, axis=0) ** 2).sum(axis=(1, 2))
    return float(np.sqrt(weights @ changes / max(float(weights.sum()), 1e-6)))


def dynamic_degree(path: Array, motion: str | None) -> float:
    """How far the path leads, or how little moves where stillness is asked for; if free, the better."""
    steps = np.diff(path, axis=0) / (SPEED, SPEED, GROWTH)
    travelled = float(np.linalg.norm(steps.mean(axis=0))) if len(steps) else 0.0
    restless = float(np.linalg.norm(steps, axis=1).mean()) if len(steps) else 0.0
    moving = 1.0 - (1.0 - min(travelled, 1.0)) ** 2
    still = 1.0 - min(restless, 1.0) ** 2
    if motion is None:
        return max(moving, still)
    return still if motion == STILL else moving


def text_alignment(found: Explanation, frames: NDArray[np.uint8], meaning: Meaning) -> float:
    """Mean over the stated words of how much likelier each is than the best other one; 0 without any word."""
    agreements = []
    if meaning.colour is not None:
        agreements.append(_colour_agreement(found, frames, meaning.colour))
    if meaning.background is not None:
        agreements.append(_background_agreement(found, frames, meaning.background))
    if meaning.shape is not None:
        agreements.append(_shape_agreement(found, meaning.shape))
    if meaning.motion is not None:
        agreements.append(_motion_agreement(found, meaning.motion))
    return float(np.mean(agreements)) if agreements else 0.0


def _colour_agreement(found: Explanation, frames: NDArray[np.uint8], word: str) -> float:
    """By the looks of what the shape covers."""
    return _nearer(_looks(found, frames)[:, 0], COLOURS, word)


def _background_agreement(found: Explanation, frames: NDArray[np.uint8], word: str) -> float:
    """By the looks of what it leaves free."""
    return _nearer(_looks(found, frames)[:, 1], BACKGROUNDS, word)


def _nearer(looks: Array, palette: dict[str, tuple[int, int, int]], word: str) -> float:
    """How much likelier one colour is than each other for looks (F, 3), by their squared distances."""
    stated = np.array(palette[word], float)
    nearness = ((looks - stated) ** 2).sum(axis=1)
    others = [np.array(value, float) for name, value in palette.items() if name != word]
    margins = [
        (((looks - other) ** 2).sum(axis=1) - nearness) / ((other - stated) ** 2).sum() for other in others
    ]
    return float(_logistic(np.min(margins, axis=0) / DECISION).mean())


def _shape_agreement(found: Explanation, word: str) -> float:
    """By the squared errors of the renderings with this shape and with the best other one."""
    stated = SHAPES.index(word)
    margins = [
        (found.error[other].sum() - found.error[stated].sum()) / (_between(found, other, stated) + FAINTEST)
        for other in range(len(SHAPES))
        if other != stated
    ]
    return float(_logistic(min(margins) / DECISION))


def _motion_agreement(found: Explanation, word: str) -> float:
    """By the squared errors of the walks of this motion and of the best other one."""
    stated = MOTIONS.index(word)
    errors = found.motion_error.copy()
    errors[stated] = np.inf
    other = int(errors.argmin())
    steps = found.motion_walk[other] - found.motion_walk[stated]
    margin = (errors[other] - found.motion_error[stated]) / (found.contrast * (steps @ steps) + FAINTEST)
    return float(_logistic(margin / DECISION))


def _path(found: Explanation, there: Array) -> Array:
    """Place and radius (F, 3) of the nearest shape; between neighbours where a frame does not show it."""
    path = found.place[found.shape].astype(np.float64)
    times, shown = np.arange(len(path)), there > 0
    if not shown.any():
        return np.repeat(path.mean(axis=0)[None], len(path), axis=0)
    return np.stack([np.interp(times, times[shown], path[shown, axis]) for axis in range(3)], axis=1)


def _straightened(path: Array) -> Array:
    """The nearest straight path at constant speed."""
    times = np.arange(len(path)) - (len(path) - 1) / 2
    slope = times @ path / max(float(times @ times), 1.0)
    straight: Array = path.mean(axis=0) + times[:, None] * slope
    return straight


def _looks(found: Explanation, frames: NDArray[np.uint8]) -> Array:
    """(F, 2, 3): mean colours of what the nearest shape covers wholly, and of what it leaves free."""
    pixels = frames.reshape(len(frames), -1, 3).astype(np.float64)
    coverage = found.coverage[found.shape]
    parts = np.stack([coverage > 0.99, coverage < 0.01], axis=1).astype(np.float64)
    means: Array = parts @ pixels / np.maximum(parts.sum(axis=2, keepdims=True), 1.0)
    return means


def _between(found: Explanation, one: int, other: int) -> float:
    """Squared distance of the renderings with two shapes."""
    return found.contrast * float(((found.coverage[one] - found.coverage[other]) ** 2).sum())


def _apart(found: Explanation) -> Array:
    """(F,): squared distance, in each frame, of the renderings with the two nearest shapes."""
    first, second = np.argsort(found.error.sum(axis=1), kind="stable")[:2]
    squares = ((found.coverage[first] - found.coverage[second]) ** 2).sum(axis=-1)
    distances: Array = found.contrast * squares + FAINTEST
    return distances


def _logistic(value: "Array | float") -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -50.0, 50.0))))


def _softmax(values: Array) -> Array:
    """Over the first axis."""
    powers = np.exp(np.clip(values - values.max(axis=0), -50.0, 0.0))
    shares: Array = powers / powers.sum(axis=0)
    return shares
