"""The classifier is right about held-out scenes: truth scores high, wrong words and damage lower."""

from dataclasses import replace

import numpy as np
import pytest
from tests.shapes_clips import (
    ALIGNMENT,
    CONSISTENCY,
    DAMAGES,
    DEGENERATE,
    DYNAMICS,
    FEW,
    caption,
    following,
)

from vip.errors import UserError
from vip.shapes.captions import Meaning, parse
from vip.shapes.classifier import score_clip
from vip.shapes.classifier.reading import WEIGHTS, Story, opened, read
from vip.shapes.classifier.scores import (
    CHANGE,
    DEPARTURE,
    DOUBT,
    dynamic_degree,
    motions_of,
    score_story,
    temporal_consistency,
    text_alignment,
    velocity,
)
from vip.shapes.renderer import Placement, render, render_random, trajectory
from vip.shapes.scene import BACKGROUNDS, COLOURS, MOTIONS, SHAPES, Scene, all_scenes, is_held_out

HELD_OUT = [scene for scene in all_scenes() if is_held_out(scene)][::3]


def story(path=(), **read):
    """A story of a sure red circle on black without any error, along a path (F, 3)."""
    path = np.array(path or [(16.0, 16.0, 6.0)] * 8)
    one = np.ones((len(path), 1))
    seen = {
        "there": one[:, 0],
        "shape": one * [1.0, 0.0, 0.0],
        "colour": one * np.eye(6)[0],
        "background": one * np.eye(3)[0],
        "place": path,
        "looks": one * [225.0, 40.0, 40.0, 16.0, 16.0, 16.0],
        "error": 0.0 * one[:, 0],
    }
    return Story(**seen | read)


def walk(step, frames=8):
    return [tuple(16.0 + np.array(step) * time) for time in range(frames)]


# --- by hand ---


def test_a_straight_walk_in_constant_colours_is_consistent_and_a_zigzag_is_not():
    assert temporal_consistency(story(walk((2.0, -1.0, 0.7)))) == pytest.approx(1.0)
    zigzag = [(16.0 + time % 2, 16.0, 6.0) for time in range(8)]  # each a pixel from between its neighbours
    assert temporal_consistency(story(zigzag)) == pytest.approx(np.exp(-1 / DEPARTURE))


def test_colours_that_flicker_and_shapes_that_change_cost_consistency_by_hand():
    looks = np.tile([225.0, 40.0, 40.0, 16.0, 16.0, 16.0], (8, 1))
    looks[1::2, 3] += 12.0
    assert temporal_consistency(story(looks=looks)) == pytest.approx(np.exp(-12 / CHANGE))
    shape = np.tile([0.75, 0.25, 0.0], (8, 1))
    assert temporal_consistency(story(shape=shape)) == pytest.approx(1.0)  # in doubt, but always the same
    shape[4:] = [0.25, 0.75, 0.0]
    assert temporal_consistency(story(shape=shape)) == pytest.approx((6 + 0.5) / 7)
    there = np.array([1, 1, 1, 1, 0, 0, 1, 1.0])
    assert temporal_consistency(story(there=there)) == pytest.approx(5 / 7, abs=1e-4)


def test_velocity_and_dynamic_degree_by_hand():
    """One pixel a frame to the left is half speed, wherever the shape is in one of the frames."""
    path = walk((-1.0, 0.0, 0.0))
    assert velocity(story(path)) == pytest.approx([-0.5, 0.0, 0.0])
    path[2] = (30.0, 2.0, 9.0)
    assert velocity(story(path)) == pytest.approx([-0.5, 0.0, 0.0])
    assert velocity(story(walk((-1.0, 0.0, 0.0), frames=1))) == pytest.approx([0.0, 0.0, 0.0])
    assert dynamic_degree(0.75, "left") == 0.75
    assert dynamic_degree(0.75, "still") == 0.25
    assert dynamic_degree(0.25, None) == 0.75
    assert dynamic_degree(1.5, "left") == 1.0


def test_motions_by_hand():
    """Half-way between still and left, both are alike; any other one is further by at least a half."""
    found = dict(zip(MOTIONS, motions_of(story(walk((-1.0, 0.0, 0.0)))), strict=True))
    assert found["left"] == pytest.approx(found["still"])
    assert found["up"] == pytest.approx(found["left"] * np.exp(-1.0 / DOUBT**2), rel=1e-4)
    assert sum(found.values()) == pytest.approx(1.0)


def test_text_alignment_by_hand():
    seen = story(
        shape=np.tile([[0.6, 0.2, 0.2], [0.8, 0.1, 0.1]], (4, 1)), colour=np.tile([[0.5] * 6], (8, 1))
    )
    assert text_alignment(seen, Meaning(colour="red", shape="circle")) == pytest.approx((0.7 + 0.5) / 2)
    assert text_alignment(seen, Meaning(motion="still")) == pytest.approx(1.0, abs=1e-6)
    assert text_alignment(seen, Meaning()) == 0.0


# --- with the shipped network ---


@pytest.fixture(scope="module")
def clips():
    return {scene: render_random(scene, 10_000 + seed) for seed, scene in enumerate([*FEW, *HELD_OUT])}


@pytest.fixture(scope="module")
def stories(clips):
    return {scene: read(clip) for scene, clip in clips.items()}


def scored(seen, scene):
    return score_story(seen, parse(caption(scene)))


def test_true_renderings_of_held_out_scenes_score_near_four(stories):
    scores = np.array([scored(stories[scene], scene) for scene in HELD_OUT])
    assert scores.mean(axis=0) == pytest.approx([3.8, 3.95, 4.0, 4.0], abs=0.1)
    assert scores.min() > 3.4
    assert scores.max() <= 4.0


@pytest.mark.parametrize(
    ("kind", "words"),
    [("colour", COLOURS), ("shape", SHAPES), ("background", BACKGROUNDS), ("motion", MOTIONS)],
)
def test_a_wrong_word_lowers_text_alignment_by_a_quarter_and_no_look_of_the_clip(stories, kind, words):
    changes = []
    for scene in HELD_OUT:
        wrong = replace(scene, **{kind: following(words, getattr(scene, kind))})
        changes.append(scored(stories[scene], wrong) - scored(stories[scene], scene))
    assert np.mean(changes, axis=0)[ALIGNMENT] == pytest.approx(-0.75, abs=0.05)
    assert np.array(changes)[:, :DYNAMICS] == pytest.approx(0.0)


def test_a_caption_without_a_word_of_this_world_has_text_alignment_one(clips):
    assert score_clip(clips[FEW[0]], "people dance in the rain")[ALIGNMENT] == 1.0


@pytest.mark.parametrize(
    ("damage", "dimension", "amounts"), DAMAGES, ids=[row[0].__name__ for row in DAMAGES]
)
def test_the_score_falls_with_growing_damage(clips, damage, dimension, amounts):
    """On average over scenes with every step; of each single scene in the end."""
    scores = np.array(
        [[score_clip(damage(clips[scene], amount), caption(scene)) for scene in FEW] for amount in amounts]
    )[:, :, dimension]
    assert np.diff(scores.mean(axis=1)).max() < 0
    assert (scores[-1] - scores[0]).max() < -0.1


@pytest.mark.parametrize("name", DEGENERATE)
def test_without_exactly_one_object_all_scores_are_low(name):
    assert score_clip(DEGENERATE[name], "a red circle moves left on a black background").max() < 1.5


def test_frames_that_swap_places_cost_consistency(clips):
    for scene in FEW:
        if scene.motion != "still":
            shuffled = clips[scene][[3, 0, 6, 1, 7, 2, 5, 4]]
            assert score_clip(shuffled, caption(scene))[CONSISTENCY] < 3.0


def test_what_is_read_is_where_and_what_the_renderer_drew():
    scene = Scene("yellow", "triangle", "grey", "left")
    middle = Placement(16.0, 15.0, 6.0)
    seen = read(render(scene, middle))
    path = np.array(trajectory(scene, middle))
    path[:, 1] += 0.3 * middle.radius  # where a triangle's middle of mass lies
    np.testing.assert_allclose(seen.place, path, atol=0.5)
    np.testing.assert_allclose(seen.looks, [[*COLOURS["yellow"], *BACKGROUNDS["grey"]]] * 8, atol=6.0)
    assert seen.shape[:, SHAPES.index("triangle")].min() > 0.9
    assert seen.there.min() > 0.95
    assert seen.error.max() < 2.0


def test_clips_of_another_world_are_refused():
    with pytest.raises(UserError, match="the classifier measures uint8 clips"):
        score_clip(np.zeros((8, 64, 64, 3), np.uint8), "a red circle")


def test_the_weights_are_small_and_computed_with_in_double_precision():
    assert WEIGHTS.stat().st_size < 300_000
    assert {weight.dtype.itemsize for weight in opened().parameters()} == {8}
