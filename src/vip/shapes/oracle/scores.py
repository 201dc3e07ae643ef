"""Scores a measured clip against a caption in VideoScore's four dimensions, from 1 (bad) to 4 (good).

Every agreement is a smooth number in 0..1, so that a little damage costs a little and more damage costs more.
A clip in which no single object can be found scores 1 in everything.
"""

import numpy as np
from numpy.typing import NDArray

from vip.shapes.captions import Meaning, parse
from vip.shapes.oracle.measurement import Array, Measurement, measure, smooth
from vip.shapes.scene import BACKGROUNDS, COLOURS, GROWTH, SHAPES, SPEED, STILL, velocity_of

PRESENCE = (0.4, 0.85)
"""Explained share at which an object begins to be one, and at which it surely is."""
COLOUR_WIDTH = 0.08
SHAPE_WIDTH = 0.15
DIRECTION_WIDTH = 0.08
STILLNESS = 0.4
"""Amount of dynamics (1 is full speed) at which a clip stops being still."""
PIXEL_ERROR = 25.0
"""Mean absolute error in grey levels that costs visual quality 63%."""
COLOUR_CHANGE = 60.0
"""Deviation from the mean colour over a clip, in grey levels, that costs temporal consistency 63%."""
JERK = 3.0
"""Change of velocity from frame to frame, in pixels, that costs temporal consistency 63%."""


def score_clip(frames: NDArray[np.uint8], caption: str) -> Array:
    """Score uint8 frames (F, 32, 32, 3) against a caption: (4,) in the order of `vip.types.PROPERTIES`."""
    return score_measurement(measure(frames), frames, parse(caption))


def score_measurement(found: Measurement, frames: NDArray[np.uint8], meaning: Meaning) -> Array:
    """Score a measured clip: (4,), each 1..4."""
    present = float(_surely(found.presence).mean())
    agreements = (
        visual_quality(found, frames),
        temporal_consistency(found),
        dynamic_degree(found, meaning.motion),
        text_alignment(found, meaning),
    )
    return 1.0 + 3.0 * present * np.array(agreements)


def visual_quality(found: Measurement, frames: NDArray[np.uint8]) -> float:
    """How near the frames are to a clean picture of the best fitting scene in the colours of the vocabulary.

    The mean absolute error over all pixels and that over the object and its surroundings count alike.
    """
    background = _nearest(found.background, BACKGROUNDS)[:, None, None]
    colour = _nearest(found.colour, COLOURS)[:, None, None]
    clean = background + found.coverage[..., None] * (colour - background)
    error = np.abs(frames - clean).mean(axis=-1)
    near = _surroundings(found)
    on_object = (error * near).sum(axis=(1, 2)) / (near.sum(axis=(1, 2)) + 1e-6)
    return float(np.exp(-(0.5 * error.mean(axis=(1, 2)) + 0.5 * on_object) / PIXEL_ERROR).mean())


def temporal_consistency(found: Measurement) -> float:
    """Constancy of colour, background and shape, times smoothness of the trajectory (not its amount)."""
    weights = _weights(found, 1)
    deviation = _deviation(found.colour, weights) + _deviation(found.background, np.ones_like(weights))
    kinds = _softmax(found.shape_margin / (2 * SHAPE_WIDTH))
    mean_kind = np.average(kinds, axis=0, weights=weights)
    shape_change = np.average(0.5 * np.abs(kinds - mean_kind).sum(axis=-1), weights=weights)
    vanishing = np.abs(weights - weights.mean()).mean()
    jerk = _root_mean_square(np.diff(found.place, n=2, axis=0), _weights(found, 3))
    constancy = (1 - shape_change) * (1 - 2 * vanishing)
    return float(constancy * np.exp(-deviation / COLOUR_CHANGE - jerk / JERK))


def dynamic_degree(found: Measurement, motion: str | None) -> float:
    """Agreement of the amount of dynamics with the amount that is asked for; any amount in any direction.

    No motion stated: the better of both, moving and still.
    """
    moving = float(np.sin(0.5 * np.pi * min(float(np.linalg.norm(_velocity(found))), 1.0)))
    still = float(np.cos(0.5 * np.pi * min(_unrest(found), 1.0)))
    if motion is None:
        return max(moving, still)
    return still if motion == STILL else moving


def text_alignment(found: Measurement, meaning: Meaning) -> float:
    """Share of the stated words that hold, each softly. What the caption leaves out is free.

    A caption that states nothing of this world cannot be checked: it gets 0, hence the lowest score, as from
    a scorer that sees no relation between a text and a video.
    """
    agreements = []
    if meaning.colour is not None:
        agreements.append(_colour_agreement(found.colour, meaning.colour, COLOURS))
    if meaning.background is not None:
        agreements.append(_colour_agreement(found.background, meaning.background, BACKGROUNDS))
    if meaning.shape is not None:
        margin = found.shape_margin[:, SHAPES.index(meaning.shape)]
        agreements.append(float(_logistic(margin / SHAPE_WIDTH).mean()))
    if meaning.motion is not None:
        agreements.append(_motion_agreement(found, meaning.motion))
    return float(np.mean(agreements)) if agreements else 0.0


def _colour_agreement(colours: Array, word: str, palette: dict[str, tuple[int, int, int]]) -> float:
    """By the distance (F,) to the stated colour relative to that to the nearest other one."""
    distances = {name: np.linalg.norm(colours - np.array(value), axis=-1) for name, value in palette.items()}
    stated = distances.pop(word)
    other = np.min(list(distances.values()), axis=0)
    return float(_logistic((0.5 - stated / (stated + other)) / COLOUR_WIDTH).mean())


def _motion_agreement(found: Measurement, motion: str) -> float:
    """By the angle between the measured and the stated change; the speed hardly matters."""
    if motion == STILL:
        return float(np.exp(-((_unrest(found) / STILLNESS) ** 2)))
    stated = np.array(velocity_of(motion))
    velocity = _velocity(found)
    cosine = velocity @ stated / np.sqrt(velocity @ velocity + 0.15**2)
    return float(_logistic((cosine - 0.6) / DIRECTION_WIDTH))


def _velocity(found: Measurement) -> Array:
    """Slopes (3,) of x, y and radius over time; 1 is the full speed of this world."""
    weights = _weights(found, 1)
    times = np.arange(len(weights)) - np.average(np.arange(len(weights)), weights=weights)
    slopes: Array = (weights * times) @ found.place / max(float(weights @ times**2), 1e-6)
    return slopes / (SPEED, SPEED, GROWTH)


def _unrest(found: Measurement) -> float:
    """Root mean square of the changes from frame to frame; 1 is the full speed of this world."""
    return _root_mean_square(np.diff(found.place, axis=0) / (SPEED, SPEED, GROWTH), _weights(found, 2))


def _surroundings(found: Measurement) -> Array:
    """1 on the object and two pixels around it, else 0: (F, H, W), softly."""
    near: Array = np.minimum(3.0 * smooth(smooth(found.coverage)), 1.0)
    return near


def _nearest(colours: Array, palette: dict[str, tuple[int, int, int]]) -> Array:
    """The palette colour (F, 3) nearest to each colour (F, 3)."""
    choices = np.array(list(palette.values()), dtype=np.float64)
    distances = np.linalg.norm(colours[:, None] - choices, axis=-1)
    nearest: Array = choices[distances.argmin(axis=1)]
    return nearest


def _deviation(colours: Array, weights: Array) -> float:
    """Weighted root mean square distance of colours (F, 3) from their mean over the clip."""
    mean = np.average(colours, axis=0, weights=weights)
    return float(np.sqrt(np.average(((colours - mean) ** 2).sum(axis=-1), weights=weights)))


def _root_mean_square(changes: Array, weights: Array) -> float:
    """Weighted, of the lengths of changes (N, 3); nothing changes in a clip too short to tell."""
    return float(np.sqrt(np.average((changes**2).sum(axis=-1), weights=weights))) if len(changes) else 0.0


def _weights(found: Measurement, frames: int) -> Array:
    """How surely the object is there throughout each run of so many frames, 0..1."""
    sure = _surely(found.presence) + 1e-6
    runs = [sure[start : len(sure) - frames + 1 + start] for start in range(frames)]
    weights: Array = np.prod(runs, axis=0)
    return weights


def _surely(presence: Array) -> Array:
    """0 where no object can be made out, 1 where it surely is there, smooth in between."""
    low, high = PRESENCE
    share: Array = np.clip((presence - low) / (high - low), 0.0, 1.0)
    return share**2 * (3 - 2 * share)


def _logistic(value: "Array | float") -> Array:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -50.0, 50.0))))


def _softmax(values: Array) -> Array:
    powers = np.exp(np.clip(values - values.max(axis=-1, keepdims=True), -50.0, 0.0))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
