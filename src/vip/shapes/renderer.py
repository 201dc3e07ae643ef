"""Ground truth: turns a scene into the pixels it means."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vip.shapes.scene import BACKGROUNDS, COLOURS, FRAMES, GROWTH, RADIUS, SIZE, SPEED, Scene, velocity_of

TRIANGLE_SLOPE = 2 * 0.9 / 1.15
"""Steepness of a triangle's sides: 1.8 radii high, 2.3 radii wide."""


@dataclass(frozen=True)
class Placement:
    """Where the shape is halfway through its clip, in pixels."""

    x: float
    y: float
    radius: float


def place(scene: Scene, rng: np.random.Generator) -> Placement:
    """Draw a placement that keeps the whole shape inside the picture in every frame."""
    radius = rng.uniform(*RADIUS)
    half = (FRAMES - 1) / 2
    step_x, step_y, growth = map(abs, velocity_of(scene.motion))
    largest = radius + half * GROWTH * growth
    margin_x = largest + half * SPEED * step_x
    margin_y = largest + half * SPEED * step_y
    return Placement(_between(rng, margin_x), _between(rng, margin_y), radius)


def render(scene: Scene, placement: Placement) -> NDArray[np.uint8]:
    """Draw a clip: uint8 frames (F, H, W, 3) with smooth edges."""
    background = np.asarray(BACKGROUNDS[scene.background], dtype=np.float64)
    colour = np.asarray(COLOURS[scene.colour], dtype=np.float64)
    coverage = np.stack([coverage_at(scene.shape, *at) for at in trajectory(scene, placement)])
    frames = background + coverage[..., None] * (colour - background)
    return np.round(frames).astype(np.uint8)


def render_random(scene: Scene, seed: int) -> NDArray[np.uint8]:
    """Draw the scene at a random placement: uint8 frames (F, H, W, 3)."""
    return render(scene, place(scene, np.random.default_rng(seed)))


def trajectory(scene: Scene, placement: Placement) -> list[tuple[float, float, float]]:
    """Centre x, centre y and radius of the shape in each frame, in pixels."""
    step_x, step_y, change = velocity_of(scene.motion)
    growth = GROWTH * change
    times = np.arange(FRAMES) - (FRAMES - 1) / 2
    x, y, radius = placement.x, placement.y, placement.radius
    return [(x + SPEED * step_x * time, y + SPEED * step_y * time, radius + growth * time) for time in times]


def coverage_at(shape: str, x: float, y: float, radius: float) -> NDArray[np.floating]:
    """How much of each pixel the shape covers: (H, W) in 0..1, from the distance to the outline."""
    return covered(distance_at(shape, x, y, radius))


def distance_at(shape: str, x: float, y: float, radius: float) -> NDArray[np.floating]:
    """How far each pixel's middle is from the outline: (H, W) in pixels, negative inside."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] + 0.5
    return signed_distance(shape, columns - x, rows - y, radius)


def covered(distance: NDArray[np.floating]) -> NDArray[np.floating]:
    """How much of pixels is covered, 0..1, whose middles are so far from the outline."""
    shares: NDArray[np.floating] = np.clip(0.5 - distance, 0.0, 1.0)
    return shares


def signed_distance(
    shape: str, x: NDArray[np.floating], y: NDArray[np.floating], radius: "float | NDArray[np.floating]"
) -> NDArray[np.floating]:
    """Distance in pixels from points (x, y), seen from the shape's centre, to its outline; negative inside.

    The arguments broadcast against each other. The three shapes have like areas for one radius.
    """
    distance: NDArray[np.floating]
    if shape == "circle":
        distance = np.hypot(x, y) - radius
    elif shape == "square":
        distance = np.maximum(np.abs(x), np.abs(y)) - 0.9 * radius
    else:
        base = 0.9 * radius
        sides = (TRIANGLE_SLOPE * np.abs(x) - (y + base)) / math.hypot(TRIANGLE_SLOPE, 1.0)
        distance = np.maximum(sides, y - base)
    return distance


def _between(rng: np.random.Generator, margin: float) -> float:
    centre = SIZE / 2
    reach = max(centre - margin - 0.5, 0.0)
    return float(rng.uniform(centre - reach, centre + reach))
