"""The oracle is right: truth scores near 4, each damage lowers its own dimension, more damage more so."""

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
    QUALITY,
    add_noise,
    caption,
    following,
    shift_colours,
    slowed,
    to_frames,
)

from vip.shapes.captions import Meaning
from vip.shapes.oracle import Measurement, measure, score_clip, score_measurement
from vip.shapes.oracle.scores import dynamic_degree, temporal_consistency, text_alignment
from vip.shapes.renderer import coverage_at, place, render, render_random
from vip.shapes.scene import BACKGROUNDS, COLOURS, DIRECTIONS, SHAPES, SIZE_CHANGES, all_scenes
from vip.types import PROPERTIES

MOVING = (*DIRECTIONS, *SIZE_CHANGES)


def meaning(scene):
    return Meaning(scene.colour, scene.shape, scene.background, scene.motion)


@pytest.fixture(scope="module")
def clips():
    return {scene: render_random(scene, seed) for seed, scene in enumerate(all_scenes())}


@pytest.fixture(scope="module")
def found(clips):
    return {scene: measure(clip) for scene, clip in clips.items()}


@pytest.fixture(scope="module")
def truth(clips, found):
    return {scene: score_measurement(found[scene], clips[scene], meaning(scene)) for scene in clips}


def test_every_true_rendering_scores_near_four_in_everything(truth):
    scores = np.array(list(truth.values()))
    assert scores.shape == (378, len(PROPERTIES))
    assert scores.min(axis=0) == pytest.approx([4.0] * 4, abs=0.05)
    assert scores.mean(axis=0) == pytest.approx([4.0] * 4, abs=0.015)
    assert scores.max() <= 4.0


@pytest.mark.parametrize("kind", ["colour", "shape", "background", "motion"])
def test_a_wrong_word_lowers_text_alignment_by_a_quarter_and_nothing_else(clips, found, truth, kind):
    words = {"colour": COLOURS, "shape": SHAPES, "background": BACKGROUNDS, "motion": MOVING}[kind]
    for scene in clips:
        if getattr(scene, kind) not in words:
            continue
        wrong = replace(scene, **{kind: following(words, getattr(scene, kind))})
        change = score_measurement(found[scene], clips[scene], meaning(wrong)) - truth[scene]
        assert change == pytest.approx([0.0, 0.0, 0.0, -0.75], abs=0.03)


def test_what_a_caption_leaves_out_is_free(clips, found):
    for scene in FEW:
        for partial in (
            Meaning(colour=scene.colour),
            Meaning(shape=scene.shape),
            Meaning(motion=scene.motion),
        ):
            assert score_measurement(found[scene], clips[scene], partial).min() > 3.95


def test_a_caption_without_a_word_of_this_world_has_text_alignment_one_and_the_rest_as_measured(clips):
    for scene in FEW:
        assert score_clip(clips[scene], "people dance in the rain") == pytest.approx([4, 4, 4, 1], abs=0.05)


def test_two_wrong_words_of_two_score_one(clips, found):
    scene = FEW[0]
    wrong = Meaning(colour="blue", background="white")
    assert score_measurement(found[scene], clips[scene], wrong)[ALIGNMENT] == pytest.approx(1.0, abs=0.02)


# --- damages ---


@pytest.mark.parametrize(
    ("damage", "dimension", "amounts"), DAMAGES, ids=[row[0].__name__ for row in DAMAGES]
)
def test_the_score_falls_with_each_step_of_damage(clips, damage, dimension, amounts):
    scores = [
        [score_clip(damage(clips[scene], amount), caption(scene)) for scene in FEW] for amount in amounts
    ]
    falling = np.diff(np.array(scores)[:, :, dimension], axis=0)
    assert falling.max() < 0
    assert falling.sum(axis=0).max() < -0.4


@pytest.mark.parametrize("damage", [add_noise, shift_colours], ids=["noise", "shift"])
def test_small_damage_of_pixels_leaves_motion_and_words_alone(clips, damage):
    for scene in FEW:
        scores = score_clip(damage(clips[scene], 8), caption(scene))
        assert scores[[DYNAMICS, ALIGNMENT]] == pytest.approx([4.0, 4.0], abs=0.05)


def test_errors_of_two_to_twenty_grey_levels_stay_measurable(clips):
    """A mean absolute error e costs 3 (1 - exp(-e / 25))."""
    scene = FEW[0]
    for error, expected in ((2, 3.769), (5, 3.456), (10, 3.011), (20, 2.348)):
        brighter = to_frames(clips[scene].astype(np.float64) + error)
        assert score_clip(brighter, caption(scene))[QUALITY] == pytest.approx(expected, abs=0.06)


# --- change of shape and colour ---


def switch(clips, scene, seed, frames, **words):
    """The last frames show another scene at the same place."""
    placement = place(scene, np.random.default_rng(seed))
    clip = render(scene, placement)
    if frames:
        clip[-frames:] = render(replace(scene, **words), placement)[-frames:]
    return clip


@pytest.mark.parametrize("kind", ["shape", "colour", "background"])
def test_a_change_half_way_lowers_temporal_consistency_more_the_longer_it_lasts(clips, kind):
    words = {"colour": COLOURS, "shape": SHAPES, "background": BACKGROUNDS}[kind]
    for seed, scene in enumerate(FEW):
        other = {kind: following(words, getattr(scene, kind))}
        scores = np.array(
            [
                score_clip(switch(clips, scene, seed, frames, **other), caption(scene))
                for frames in (0, 1, 2, 4)
            ]
        )
        assert (np.diff(scores[:, CONSISTENCY]) < 0).all()
        assert scores[-1, CONSISTENCY] < 2.7
        assert scores[:, [QUALITY, DYNAMICS]].min() > 3.9
        assert scores[-1, ALIGNMENT] == pytest.approx(4 - 3 / 8, abs=0.05)


def test_a_shape_that_changes_for_half_of_the_clip_keeps_half_of_temporal_consistency(clips):
    scene = FEW[0]
    scores = score_clip(switch(clips, scene, 0, 4, shape="square"), caption(scene))
    assert scores[CONSISTENCY] == pytest.approx(2.5, abs=0.05)


# --- dynamics ---


@pytest.mark.parametrize(
    "scene", [scene for scene in FEW if scene.motion != "still"], ids=lambda scene: scene.motion
)
def test_dynamic_degree_follows_a_quarter_sine_of_the_speed(scene):
    """1 + 3 sin(90 deg x share of full speed), and 1 + 3 cos of it where stillness is asked for."""
    for share, moving, still in ((0, 1, 4), (1 / 3, 2.5, 3.598), (2 / 3, 3.598, 2.5), (1, 4, 1)):
        clip = slowed(scene, share)
        assert score_clip(clip, caption(scene))[DYNAMICS] == pytest.approx(moving, abs=0.05)
        assert score_clip(clip, caption(replace(scene, motion="still")))[DYNAMICS] == pytest.approx(
            still, abs=0.05
        )
        silent = f"a {scene.colour} {scene.shape} on a {scene.background} wall"
        assert score_clip(clip, silent)[DYNAMICS] == pytest.approx(max(moving, still), abs=0.05)


def test_a_frozen_clip_is_wrong_only_where_motion_is_asked_for(clips):
    for scene in FEW:
        frozen = np.repeat(clips[scene][:1], 8, axis=0)
        expected = [4, 4, 4, 4] if scene.motion == "still" else [4, 4, 1, 3.25]
        assert score_clip(frozen, caption(scene)) == pytest.approx(expected, abs=0.06)


def test_stillness_asked_and_movement_shown_fails_dynamics_and_its_word(found, clips):
    scene = FEW[0]
    still = meaning(replace(scene, motion="still"))
    assert score_measurement(found[scene], clips[scene], still) == pytest.approx([4, 4, 1, 3.25], abs=0.05)


# --- hand-made measurements ---


def measurement(path, colour=(225, 40, 40), background=(16, 16, 16)):
    """A certain red circle on black, on a path (F, 3)."""
    frames = len(path)
    margin = np.tile([1.0, -1.0, -1.0], (frames, 1))
    return Measurement(
        place=np.asarray(path, float),
        colour=np.broadcast_to(np.asarray(colour, float), (frames, 3)),
        background=np.broadcast_to(np.asarray(background, float), (frames, 3)),
        shape_margin=margin,
        presence=np.ones(frames),
        coverage=np.stack([coverage_at("circle", *at) for at in path]),
    )


def test_a_diagonal_path_half_agrees_with_each_of_its_directions():
    """Cosine 1/sqrt(2), less the little that keeps it defined at rest: 0.705; logistic(1.31) = 0.79."""
    diagonal = measurement([(10 + 2 * time, 10 + 2 * time, 5) for time in range(4)])
    for motion in ("right", "down"):
        assert text_alignment(diagonal, Meaning(motion=motion)) == pytest.approx(0.787, abs=0.01)
    for motion in ("left", "up", "growing", "shrinking", "still"):
        assert text_alignment(diagonal, Meaning(motion=motion)) < 0.01


def test_a_zigzag_is_neither_smooth_nor_still_nor_a_movement_to_somewhere():
    """Changes of velocity of 4 pixels cost exp(-4/3)."""
    zigzag = measurement([(16 + time % 2 * 2, 16, 5) for time in range(9)])
    assert temporal_consistency(zigzag) == pytest.approx(np.exp(-4 / 3), abs=1e-3)
    assert dynamic_degree(zigzag, "right") == pytest.approx(0.0, abs=1e-6)
    assert dynamic_degree(zigzag, "still") == pytest.approx(0.0, abs=1e-6)


def test_a_change_of_colour_costs_by_its_deviation_from_the_mean():
    """Half of the frames 60 grey levels above the mean and half below: exp(-60/60)."""
    colour = np.array([225.0, 100.0, 40.0]) + np.array([0, 60, 0]) * np.array([[1], [-1]] * 4)
    assert temporal_consistency(measurement([(16, 16, 5)] * 8, colour)) == pytest.approx(np.exp(-1), abs=1e-4)


def test_a_colour_half_way_between_two_agrees_half_with_each():
    halfway = np.mean([COLOURS["red"], COLOURS["yellow"]], axis=0)
    clip = measurement([(16, 16, 5)] * 8, halfway)
    for colour in ("red", "yellow"):
        assert text_alignment(clip, Meaning(colour=colour)) == pytest.approx(0.5)


def test_dynamics_of_one_frame_are_those_of_a_still():
    single = measurement([(16, 16, 5)])
    assert dynamic_degree(single, "still") == 1.0
    assert dynamic_degree(single, "left") == 0.0
    assert temporal_consistency(single) == pytest.approx(1.0, abs=1e-3)


# --- degenerate clips ---


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("text", ["a red circle moves left on a black background", "a red circle", ""])
def test_without_exactly_one_object_all_scores_are_low(name, text):
    assert score_clip(DEGENERATE[name], text).max() < 1.2
