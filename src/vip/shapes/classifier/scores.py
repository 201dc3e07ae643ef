"""Scores a clip by what the network reads in it, in VideoScore's four dimensions, from 1 (bad) to 4 (good).

It reads, frame by frame, which pixels the shape covers, which shape that is (or none), and both colours.
Visual quality is how near the frame comes to that, drawn clean; temporal consistency, how much of it stays
the same from frame to frame, motion apart; dynamic degree, how far it leads; text alignment, how probable the
words of the caption are. All count as far as there is one shape.
"""

import numpy as np
from numpy.typing import NDArray

from vip.shapes.captions import Meaning, parse
from vip.shapes.classifier.reading import Array, Story, read
from vip.shapes.scene import BACKGROUNDS, COLOURS, GROWTH, MOTIONS, SHAPES, SPEED, STILL, velocity_of

DIGITS = 6
"""Scores are rounded to so many, beyond which processors and numbers of threads differ."""
ERROR = 10.0
"""Mean absolute error in grey levels that costs visual quality 63%."""
DEPARTURE = 1.5
"""Root mean square distance, in pixels, from between a frame's neighbours that costs consistency 63%."""
CHANGE = 60.0
"""Root mean square change of the colours from frame to frame, in grey levels, that costs as much."""
DOUBT = 0.25
"""Distance between a velocity and a motion's, 1 being full speed, at which that is 63% less likely."""
VELOCITIES = np.array([velocity_of(motion) for motion in MOTIONS])


def score_clip(frames: NDArray[np.uint8], caption: str) -> Array:
    """Score uint8 frames (F, 32, 32, 3) against a caption: (4,) in the order of `vip.types.PROPERTIES`."""
    return score_story(read(frames), parse(caption))


def score_story(seen: Story, meaning: Meaning) -> Array:
    """The scores (4,) of what is read in a clip."""
    agreements = (
        float(np.average(np.exp(-seen.error / ERROR), weights=_sure(seen))),
        temporal_consistency(seen),
        dynamic_degree(float(np.linalg.norm(velocity(seen))), meaning.motion),
        text_alignment(seen, meaning),
    )
    scores: Array = np.round(1.0 + 3.0 * float(seen.there.mean()) * np.array(agreements), DIGITS)
    return scores


def temporal_consistency(seen: Story) -> float:
    """How much the shape stays the same one, its place on its course, and the colours as they were."""
    words = np.column_stack([seen.there[:, None] * seen.shape, 1.0 - seen.there])
    staying = np.minimum(words[1:], words[:-1]).sum(axis=1).mean() if len(words) > 1 else 1.0
    between = seen.place[1:-1] - 0.5 * (seen.place[:-2] + seen.place[2:])
    departure = _root_mean_square(between, _sure(seen, 3))
    change = _root_mean_square(np.diff(seen.looks, axis=0), _sure(seen, 2))
    return float(staying * np.exp(-departure / DEPARTURE - change / CHANGE))


def velocity(seen: Story) -> Array:
    """The median of the steps a frame between all pairs of frames (Theil and Sen): (3,), 1 is full speed."""
    earlier, later = np.triu_indices(len(seen.place), 1)
    if not len(later):
        return np.zeros(3)
    steps = (seen.place[later] - seen.place[earlier]) / (later - earlier)[:, None]
    typical: Array = np.median(steps, axis=0) / (SPEED, SPEED, GROWTH)
    return typical


def dynamic_degree(speed: float, motion: str | None) -> float:
    """The speed, 1 at most, or what it lacks where stillness is asked for; if free, the better of both."""
    moving = min(speed, 1.0)
    if motion is None:
        return max(moving, 1.0 - moving)
    return 1.0 - moving if motion == STILL else moving


def text_alignment(seen: Story, meaning: Meaning) -> float:
    """The mean probability of the stated words, 0 without any; whether there is a shape is not asked here."""
    sure = _sure(seen)
    shares = {
        "shape": (SHAPES, np.average(seen.shape, axis=0, weights=sure)),
        "colour": (tuple(COLOURS), np.average(seen.colour, axis=0, weights=sure)),
        "background": (tuple(BACKGROUNDS), np.average(seen.background, axis=0, weights=sure)),
        "motion": (MOTIONS, motions_of(seen)),
    }
    stated = {kind: getattr(meaning, kind) for kind in shares if getattr(meaning, kind) is not None}
    found = [shares[kind][1][shares[kind][0].index(word)] for kind, word in stated.items()]
    return float(np.mean(found)) if found else 0.0


def motions_of(seen: Story) -> Array:
    """How probable each motion is: (7,), by how near its velocity is to the one that is read."""
    squares = ((VELOCITIES - velocity(seen)) ** 2).sum(axis=1)
    likely = np.exp(-(squares - squares.min()) / DOUBT**2)
    shares: Array = likely / likely.sum()
    return shares


def _sure(seen: Story, frames: int = 1) -> Array:
    """How surely the shape is there throughout each run of so many frames."""
    runs = len(seen.there) - frames + 1
    weights: Array = np.prod([seen.there[start : start + runs] for start in range(frames)], axis=0) + 1e-6
    return weights


def _root_mean_square(changes: Array, weights: Array) -> float:
    """Weighted, of the lengths of changes (N, K); nothing changes in a clip too short to tell."""
    return float(np.sqrt(np.average((changes**2).sum(axis=1), weights=weights))) if len(changes) else 0.0
