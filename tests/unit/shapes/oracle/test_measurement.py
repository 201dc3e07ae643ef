"""The oracle's eyes: place, size, shape and colours come back from the pixels they were rendered into."""

import numpy as np
import pytest

from vip.errors import UserError
from vip.shapes.oracle import measure
from vip.shapes.oracle.measurement import smooth
from vip.shapes.renderer import place, render, trajectory
from vip.shapes.scene import BACKGROUNDS, COLOURS, SHAPES, Scene, all_scenes

SOME_SCENES = all_scenes()[::19]


def identity(scene: Scene) -> str:
    return f"{scene.colour}-{scene.shape}-{scene.background}-{scene.motion}"


@pytest.mark.parametrize("scene", SOME_SCENES, ids=identity)
def test_a_rendered_scene_is_read_back(scene):
    placement = place(scene, np.random.default_rng(7))
    found = measure(render(scene, placement))
    np.testing.assert_allclose(found.place, trajectory(scene, placement), atol=0.03)
    np.testing.assert_allclose(found.background, [BACKGROUNDS[scene.background]] * 8, atol=0.2)
    np.testing.assert_allclose(found.colour, [COLOURS[scene.colour]] * 8, atol=1.5)
    assert (found.shape_margin.argmax(axis=1) == SHAPES.index(scene.shape)).all()
    assert found.shape_margin.max(axis=1).min() > 0.9
    assert found.presence.min() > 0.85


def test_noise_moves_the_measured_place_by_a_fraction_of_a_pixel():
    scene = Scene("purple", "triangle", "white", "right")
    placement = place(scene, np.random.default_rng(3))
    noise = np.random.default_rng(0).normal(0, 8, (8, 32, 32, 3))
    noisy = np.clip(np.round(render(scene, placement) + noise), 0, 255).astype(np.uint8)
    np.testing.assert_allclose(measure(noisy).place, trajectory(scene, placement), atol=0.15)


def test_a_blank_frame_holds_no_object_and_the_others_still_do():
    frames = render(
        Scene("red", "circle", "grey", "up"),
        place(Scene("red", "circle", "grey", "up"), np.random.default_rng(0)),
    )
    frames[3] = BACKGROUNDS["grey"]
    presence = measure(frames).presence
    assert presence[3] == 0.0
    assert np.delete(presence, 3).min() > 0.85


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((8, 32, 32, 3), np.float32),
        np.zeros((8, 64, 64, 3), np.uint8),
        np.zeros((8, 32, 32), np.uint8),
        np.zeros((0, 32, 32, 3), np.uint8),
    ],
    ids=["float", "larger", "grey", "no frames"],
)
def test_what_is_no_clip_of_this_world_is_refused_with_its_type_and_shape(frames):
    with pytest.raises(UserError, match="choose a reward for real videos") as refused:
        measure(frames)
    assert str(frames.shape) in str(refused.value)
    assert str(frames.dtype) in str(refused.value)


def test_smoothing_averages_nine_pixels_and_repeats_the_border():
    picture = np.zeros((1, 3, 4))
    picture[0, 0, 0] = 9.0
    picture[0, 2, 3] = 18.0
    expected = [[[4.0, 2.0, 0.0, 0.0], [2.0, 1.0, 2.0, 4.0], [0.0, 0.0, 4.0, 8.0]]]
    np.testing.assert_allclose(smooth(picture), expected)
