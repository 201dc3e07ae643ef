"""The vocabulary of the shapes world: what a scene can hold, and how fast it changes.

A scene is one flat shape of one colour on one plain background, doing one thing for eight frames.
Everything else in the shapes world (captions, renderer, oracle) is written in these words.
"""

from dataclasses import dataclass
from itertools import product

FRAMES = 8
SIZE = 32
"""Frames are SIZE x SIZE pixels."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (225, 40, 40),
    "green": (40, 180, 60),
    "blue": (50, 80, 230),
    "yellow": (240, 215, 40),
    "purple": (190, 60, 210),
    "cyan": (40, 205, 220),
}
BACKGROUNDS: dict[str, tuple[int, int, int]] = {
    "black": (16, 16, 16),
    "grey": (120, 120, 120),
    "white": (240, 240, 240),
}
SHAPES = ("circle", "square", "triangle")

DIRECTIONS: dict[str, tuple[float, float]] = {
    "left": (-1.0, 0.0),
    "right": (1.0, 0.0),
    "up": (0.0, -1.0),
    "down": (0.0, 1.0),
}
"""Unit steps (x, y); y points down, as in images."""

SIZE_CHANGES: dict[str, float] = {"growing": 1.0, "shrinking": -1.0}
STILL = "still"
MOTIONS = (*DIRECTIONS, *SIZE_CHANGES, STILL)

SPEED = 2.0
"""Pixels a moving shape travels from one frame to the next."""
GROWTH = 0.7
"""Pixels by which the radius of a growing shape increases from one frame to the next."""
RADIUS = (5.0, 7.0)
"""Range of the radius of a shape, halfway through its clip."""


def velocity_of(motion: str) -> tuple[float, float, float]:
    """Along x, along y and in size; 1 is the full speed of this world, `SPEED` and `GROWTH`."""
    return (*DIRECTIONS.get(motion, (0.0, 0.0)), SIZE_CHANGES.get(motion, 0.0))


@dataclass(frozen=True)
class Scene:
    """One combination of colour, shape, background and motion."""

    colour: str
    shape: str
    background: str
    motion: str


def all_scenes() -> list[Scene]:
    """Every combination of the vocabulary, in a fixed order (378 scenes)."""
    return [Scene(*words) for words in product(COLOURS, SHAPES, BACKGROUNDS, MOTIONS)]


def is_held_out(scene: Scene) -> bool:
    """Whether the teacher never trains on this combination (one in seven; each word pair is still seen).

    The four indices are combined so that any two words of different kinds occur together in training scenes.
    """
    indices = (
        list(COLOURS).index(scene.colour),
        SHAPES.index(scene.shape),
        list(BACKGROUNDS).index(scene.background),
        MOTIONS.index(scene.motion),
    )
    return (indices[0] + 2 * indices[1] + 4 * indices[2] + indices[3]) % len(MOTIONS) == 0
