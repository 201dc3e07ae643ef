"""The renderer draws what a scene means."""

import hashlib

import numpy as np
import pytest

from vip.shapes.renderer import (
    Placement,
    coverage_at,
    place,
    render,
    render_random,
    signed_distance,
    trajectory,
)
from vip.shapes.scene import BACKGROUNDS, COLOURS, Scene, all_scenes


def test_pixels_stay_what_the_teacher_was_trained_on():
    digest = hashlib.sha256()
    for seed, scene in enumerate(all_scenes()):
        digest.update(render_random(scene, seed).tobytes())
    assert digest.hexdigest()[:16] == "0f8ee6455566b36a"


@pytest.mark.parametrize(
    ("shape", "x", "y", "expected"),
    [
        ("circle", 3.0, 4.0, 0.0),
        ("circle", 0.0, 0.0, -5.0),
        ("square", 4.5, 1.0, 0.0),
        ("square", 0.0, -6.5, 2.0),
        ("triangle", 0.0, 4.5, 0.0),
        ("triangle", 0.0, -4.5, 0.0),
        ("triangle", 5.75, 4.5, 0.0),
        ("triangle", 0.0, 5.5, 1.0),
    ],
)
def test_distance_to_the_outline_of_radius_five(shape, x, y, expected):
    assert signed_distance(shape, np.array(x), np.array(y), 5.0) == pytest.approx(expected)


@pytest.mark.parametrize(("shape", "area"), [("circle", np.pi), ("square", 3.24), ("triangle", 2.07)])
def test_coverage_adds_up_to_the_area(shape, area):
    assert coverage_at(shape, 15.3, 16.2, 8.0).sum() == pytest.approx(area * 64, rel=0.02)


def test_a_shape_moves_two_pixels_a_frame_and_is_placed_half_way():
    path = trajectory(Scene("red", "circle", "black", "left"), Placement(16.0, 12.0, 5.0))
    assert path[0] == (23.0, 12.0, 5.0)
    assert path[7] == (9.0, 12.0, 5.0)
    assert np.diff(np.array(path), axis=0) == pytest.approx(np.tile([-2.0, 0.0, 0.0], (7, 1)))


def test_a_growing_shape_gains_seven_tenths_of_a_pixel_a_frame():
    path = np.array(trajectory(Scene("red", "circle", "black", "growing"), Placement(16.0, 16.0, 6.0)))
    assert path[:, 2] == pytest.approx(6 + 0.7 * (np.arange(8) - 3.5))


def test_a_clip_shows_both_colours_and_keeps_the_border_free():
    for scene in all_scenes()[::7]:
        clip = render_random(scene, 11)
        assert clip.shape == (8, 32, 32, 3)
        assert (clip[:, 0] == BACKGROUNDS[scene.background]).all()
        assert (clip[:, :, -1] == BACKGROUNDS[scene.background]).all()
        assert (clip == COLOURS[scene.colour]).all(axis=-1).any(axis=(1, 2)).all()


def test_the_placement_depends_on_the_seed_alone():
    scene = Scene("blue", "square", "white", "up")
    assert place(scene, np.random.default_rng(4)) == place(scene, np.random.default_rng(4))
    assert (render_random(scene, 4) == render(scene, place(scene, np.random.default_rng(4)))).all()
    assert (render_random(scene, 4) != render_random(scene, 5)).any()
