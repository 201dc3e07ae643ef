"""The second opinion is right, too: truth near 4, each damage in its own dimension, more damage more so."""

from dataclasses import replace

import numpy as np
import pytest
from tests.shapes_clips import (
    ALIGNMENT,
    DAMAGES,
    DEGENERATE,
    DYNAMICS,
    FEW,
    add_noise,
    caption,
    following,
    shift_colours,
)

from vip.shapes.inverse_rendering import score_clip
from vip.shapes.inverse_rendering.scores import dynamic_degree
from vip.shapes.renderer import render_random
from vip.shapes.scene import BACKGROUNDS, COLOURS, DIRECTIONS, SHAPES, SIZE_CHANGES, all_scenes

MOVING = (*DIRECTIONS, *SIZE_CHANGES)


@pytest.fixture(scope="module")
def clips():
    return {scene: render_random(scene, seed) for seed, scene in enumerate([*FEW, *all_scenes()[::11]])}


@pytest.fixture(scope="module")
def truth(clips):
    return {scene: score_clip(clip, caption(scene)) for scene, clip in clips.items()}


def test_every_true_rendering_scores_near_four_in_everything(truth):
    scores = np.array(list(truth.values()))
    worst = [list(truth)[place] for place in scores.argmin(axis=0)]
    assert scores.min(axis=0) == pytest.approx([4.0] * 4, abs=0.05), worst
    assert scores.max() <= 4.0


@pytest.mark.parametrize("kind", ["colour", "shape", "background", "motion"])
def test_a_wrong_word_lowers_text_alignment_by_a_quarter_and_nothing_else(clips, truth, kind):
    words = {"colour": COLOURS, "shape": SHAPES, "background": BACKGROUNDS, "motion": MOVING}[kind]
    for scene in clips:
        if getattr(scene, kind) not in words:
            continue
        wrong = replace(scene, **{kind: following(words, getattr(scene, kind))})
        change = score_clip(clips[scene], caption(wrong)) - truth[scene]
        assert change == pytest.approx([0.0, 0.0, 0.0, -0.75], abs=0.03)


def test_a_caption_without_a_word_of_this_world_has_text_alignment_one_and_the_rest_as_measured(clips):
    for scene in FEW:
        assert score_clip(clips[scene], "people dance in the rain") == pytest.approx([4, 4, 4, 1], abs=0.05)


@pytest.mark.parametrize(
    ("damage", "dimension", "amounts"), DAMAGES, ids=[row[0].__name__ for row in DAMAGES]
)
def test_the_score_falls_with_each_step_of_damage(clips, damage, dimension, amounts):
    scores = [
        [score_clip(damage(clips[scene], amount), caption(scene)) for scene in FEW] for amount in amounts
    ]
    falling = np.diff(np.array(scores)[:, :, dimension], axis=0)
    assert falling.max() < 0
    assert falling.sum(axis=0).max() < -0.1


@pytest.mark.parametrize("damage", [add_noise, shift_colours], ids=["noise", "shift"])
def test_small_damage_of_pixels_leaves_motion_and_words_alone(clips, damage):
    for scene in FEW:
        scores = score_clip(damage(clips[scene], 4), caption(scene))
        assert scores[[DYNAMICS, ALIGNMENT]] == pytest.approx([4.0, 4.0], abs=0.08)


def test_dynamic_degree_by_hand():
    """Half speed to the right: 1 - (1/2)^2 where motion is asked for, and as much where stillness is."""
    path = np.array([(10.0 + time, 16.0, 5.0) for time in range(8)])
    assert dynamic_degree(path, "right") == pytest.approx(0.75)
    assert dynamic_degree(path, "still") == pytest.approx(0.75)
    zigzag = np.array([(16.0 + 2 * (time % 2), 16.0, 5.0) for time in range(9)])
    assert dynamic_degree(zigzag, "right") == dynamic_degree(zigzag, "still") == 0.0


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("text", ["a red circle moves left on a black background", ""])
def test_without_exactly_one_object_all_scores_are_low(name, text):
    assert score_clip(DEGENERATE[name], text).max() < 1.2
