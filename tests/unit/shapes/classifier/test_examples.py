"""What the network learns from is what it says: renderings of single frames, spoiled, with the truth."""

import numpy as np
import pytest

from vip.shapes.classifier import examples
from vip.shapes.classifier.damage import DAMAGES, damaged
from vip.shapes.classifier.examples import NOTHING, example
from vip.shapes.renderer import coverage_at, render_random
from vip.shapes.scene import BACKGROUNDS, COLOURS, SHAPES, Scene

CLEAN = render_random(Scene("red", "square", "white", "still"), 3)[0].astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def drawn():
    return [example(rng(seed)) for seed in range(300)]


def with_one(drawn):
    return [each for each in drawn if each.words[0] >= 0]


def clean(each):
    """What is said of an example, drawn."""
    colour = np.array(list(COLOURS.values())[each.words[0]], np.float64)
    background = np.array(list(BACKGROUNDS.values())[each.words[1]], np.float64)
    return background + each.coverage[..., None] * (colour - background)


def test_some_frames_are_left_as_what_is_said_of_them_draws_them_and_the_others_resemble_it(drawn):
    errors = np.array([np.abs(each.frame - clean(each)).mean() for each in with_one(drawn)])
    untouched = [np.abs(each.frame - clean(each)).max() <= 0.501 for each in with_one(drawn)]
    assert 0.1 < np.mean(untouched) < 0.35
    assert np.median(errors) < 12
    assert errors.max() > 20


def test_a_pure_shape_is_the_renderers_and_one_between_two_is_between_them():
    place = np.array([14.0, 17.0, 6.0], np.float32)
    drawn = [examples._coverage(np.eye(4, dtype=np.float32)[number], place) for number in range(3)]
    for shape, coverage in zip(SHAPES, drawn, strict=True):
        np.testing.assert_allclose(coverage, coverage_at(shape, 14, 17, 6), atol=1e-5)
    half = examples._coverage(np.array([0.5, 0.5, 0, 0], np.float32), place)
    assert drawn[0].sum() < half.sum() < drawn[1].sum()
    assert ((np.minimum(*drawn[:2]) - 1e-6 <= half) & (half <= np.maximum(*drawn[:2]) + 1e-6)).all()


def test_the_same_generator_draws_the_same_example():
    one, same, other = example(rng(5)), example(rng(5)), example(rng(6))
    np.testing.assert_array_equal(one.frame, same.frame)
    np.testing.assert_array_equal(one.coverage, same.coverage)
    assert not np.array_equal(one.frame, other.frame)


def test_frames_are_grey_levels_and_shares_of_shapes_sum_to_one(drawn):
    for each in drawn:
        assert each.frame.dtype == np.float32
        np.testing.assert_array_equal(each.frame, np.clip(np.round(each.frame), 0, 255))
        assert each.shape.sum() == pytest.approx(1.0)
        assert (each.shape >= 0).all()


def test_every_word_and_every_kind_of_shape_is_drawn(drawn):
    colours, backgrounds = zip(*(each.words for each in with_one(drawn)), strict=True)
    assert (set(colours), set(backgrounds)) == (set(range(6)), set(range(3)))
    assert {int(each.shape.argmax()) for each in drawn} == {0, 1, 2, NOTHING}
    between = [each for each in with_one(drawn) if each.shape.max() < 1]
    assert 0.05 < len(between) / len(drawn) < 0.25
    assert min(each.shape.max() for each in between) >= 0.5


def test_of_a_nothing_only_that_is_known(drawn):
    nothings = [each for each in drawn if each.words[0] < 0]
    assert 0.05 < len(nothings) / len(drawn) < 0.2
    for each in nothings:
        assert each.words == (-1, -1)
        assert each.shape[NOTHING] == 1
        assert np.isnan(each.coverage).all()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_damage_changes_pixels_and_leaves_the_scene_to_be_seen(damage):
    errors = [np.abs(damage(CLEAN.copy(), rng(seed)) - CLEAN).mean() for seed in range(40)]
    assert 0 < np.mean(errors) < 60


def test_damage_leaves_its_input_alone():
    before = CLEAN.copy()
    for seed in range(20):
        damaged(CLEAN, rng(seed))
    np.testing.assert_array_equal(CLEAN, before)
