"""The search finds the scene that was rendered, of all that the grammar knows."""

import numpy as np
import pytest
from tests.shapes_clips import FEW

from vip.errors import UserError
from vip.shapes.inverse_rendering import explain
from vip.shapes.inverse_rendering.dictionary import GRID, PLACES, RADII, dictionary, halved
from vip.shapes.renderer import coverage_at, place, render, render_random, trajectory
from vip.shapes.scene import GROWTH, MOTIONS, SHAPES, SPEED, all_scenes


@pytest.mark.parametrize("start", range(7))
def test_it_finds_the_words_of_every_seventh_scene(start):
    for seed, scene in enumerate(all_scenes()[start::49]):
        found = explain(render_random(scene, seed))
        words = (found.colour, SHAPES[found.shape], found.background, MOTIONS[found.motion_error.argmin()])
        assert words == (scene.colour, scene.shape, scene.background, scene.motion)


def test_it_finds_place_and_size_to_a_quarter_of_a_pixel():
    for seed, scene in enumerate(FEW):
        placement = place(scene, np.random.default_rng(seed))
        found = explain(render(scene, placement))
        path = np.array(trajectory(scene, placement))
        np.testing.assert_allclose(found.place[found.shape], path, atol=0.25)


def test_what_is_left_of_a_true_rendering_is_next_to_nothing():
    for seed, scene in enumerate(FEW):
        found = explain(render_random(scene, seed))
        assert np.sqrt(found.error[found.shape] / (3 * 32 * 32)).max() < 3


def test_an_error_is_the_squared_distance_of_frame_and_rendering():
    clip = render_random(FEW[0], 0)
    found = explain(clip)
    by_hand = ((clip.reshape(8, -1, 3) - found.rendered) ** 2).sum(axis=(1, 2))
    assert found.error[found.shape] == pytest.approx(by_hand, rel=1e-4)


def test_an_entry_of_the_dictionary_is_the_rendering_at_its_place():
    entry = np.ravel_multi_index((2, 5, 7, 3), GRID)
    drawn = coverage_at(SHAPES[2], PLACES[3], PLACES[7], RADII[5])
    expected = halved(drawn[None, ..., None]).ravel()
    assert dictionary().coverage[entry] == pytest.approx(expected, abs=1e-6)
    assert dictionary().total[entry] == pytest.approx(expected.sum(), rel=1e-5)


def test_its_steps_are_those_of_the_grammar():
    assert np.diff(PLACES) == pytest.approx(SPEED)
    assert np.diff(RADII) == pytest.approx(GROWTH)


def test_clips_of_another_size_are_refused():
    with pytest.raises(UserError, match=r"inverse rendering measures uint8 clips .* choose a reward"):
        explain(np.zeros((8, 64, 64, 3), np.uint8))
