"""Clips of the shapes world, true and damaged, for the tests of everything that scores them."""

import numpy as np

from vip.shapes.captions import MOTION_PHRASES
from vip.shapes.oracle.measurement import smooth
from vip.shapes.renderer import coverage_at, place, trajectory
from vip.shapes.scene import BACKGROUNDS, COLOURS, Scene

FEW = [
    Scene("red", "circle", "black", "left"),
    Scene("green", "square", "white", "up"),
    Scene("purple", "triangle", "grey", "growing"),
    Scene("yellow", "circle", "grey", "still"),
    Scene("cyan", "square", "black", "shrinking"),
    Scene("blue", "triangle", "white", "down"),
]


def caption(scene):
    return (
        f"a {scene.colour} {scene.shape} {MOTION_PHRASES[scene.motion][0]} on a {scene.background} background"
    )


def to_frames(pictures):
    return np.clip(np.round(pictures), 0, 255).astype(np.uint8)


def following(words, word):
    """Another word of the same kind."""
    words = list(words)
    return words[(words.index(word) + 1) % len(words)]


# --- damages, each a function of a clip and how much of it ---


def add_noise(clip, amount):
    return to_frames(clip + np.random.default_rng(0).normal(0, 1, clip.shape) * amount)


def blur(clip, times):
    pictures = clip.astype(np.float64)
    for _ in range(times):
        pictures = smooth(pictures)
    return to_frames(pictures)


def shift_colours(clip, amount):
    return to_frames(clip + amount * np.array([-1.0, 0.5, 1.0]))


def fade(clip, amount):
    background = clip[0, 0, 0].astype(np.float64)
    return to_frames(background + (1 - amount) * (clip - background))


def flicker(clip, amount):
    return to_frames(clip + amount * np.where(np.arange(len(clip)) % 2, 1.0, -1.0)[:, None, None, None])


def shake(clip, pixels):
    """Every second frame is displaced; the border repeats."""
    rows = np.clip(np.arange(32) + pixels, 0, 31)
    shaken = clip.copy()
    shaken[1::2] = clip[1::2][:, rows]
    return shaken


def blank_frames(clip, count):
    blank = clip.copy()
    blank[len(clip) - count :] = clip[0, 0, 0]
    return blank


def slowed(scene, speed, seed=5):
    """The scene at a share of its speed, with the same middle."""
    path = np.array(trajectory(scene, place(scene, np.random.default_rng(seed))))
    path = path.mean(axis=0) + speed * (path - path.mean(axis=0))
    background, colour = (
        np.array(table, float) for table in (BACKGROUNDS[scene.background], COLOURS[scene.colour])
    )
    coverage = np.stack([coverage_at(scene.shape, *at) for at in path])[..., None]
    return to_frames(background + coverage * (colour - background))


def two_objects():
    cover = np.maximum(coverage_at("circle", 8, 8, 5.5), coverage_at("circle", 23, 22, 5.5))[..., None]
    return np.repeat(to_frames(16 + cover * (np.array([225, 40, 40]) - 16))[None], 8, axis=0)


RNG = np.random.default_rng(0)
DEGENERATE = {
    "black": np.zeros((8, 32, 32, 3), np.uint8),
    "a background and nothing on it": np.full((8, 32, 32, 3), 120, np.uint8),
    "red all over": np.full((8, 32, 32, 3), (225, 40, 40), np.uint8),
    "noise": RNG.integers(0, 256, (8, 32, 32, 3), dtype=np.uint8),
    "standing noise": np.repeat(RNG.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8), 8, axis=0),
    "faint noise": to_frames(RNG.normal(120, 15, (8, 32, 32, 3))),
    "stripes": to_frames(np.broadcast_to(np.where(np.arange(32) % 8 < 4, 30, 220)[:, None], (8, 32, 32, 3))),
    "a gradient": to_frames(np.broadcast_to(np.linspace(0, 255, 32)[:, None], (8, 32, 32, 3))),
    "two objects": two_objects(),
    "flashes": np.repeat(np.array([0, 255] * 4, np.uint8), 32 * 32 * 3).reshape(8, 32, 32, 3),
}


QUALITY, CONSISTENCY, DYNAMICS, ALIGNMENT = range(4)
"""Where the dimensions stand in a score."""
DAMAGES = [
    (add_noise, QUALITY, (0, 2, 5, 10, 20, 40)),
    (blur, QUALITY, (0, 1, 2, 3)),
    (shift_colours, QUALITY, (0, 3, 6, 12, 24)),
    (fade, QUALITY, (0, 0.1, 0.2, 0.4)),
    (flicker, CONSISTENCY, (0, 2, 5, 10, 20, 40)),
    (shake, CONSISTENCY, (0, 1, 2, 3)),
    (blank_frames, CONSISTENCY, (0, 1, 2, 3)),
]
"""Each damage, the dimension that it has to lower, and growing amounts of it."""
