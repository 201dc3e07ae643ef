"""Optical flow on clips whose motion is known."""

import numpy as np
import pytest

from vip.motion import displacements


def moving(step, frames=4, side=96, square=24):
    """A textured square that moves `step` pixels a frame to the right, on a textured ground."""
    random = np.random.default_rng(0)
    ground = smooth(random, side)
    thing = smooth(random, square) // 2 + 120
    clip = np.repeat(ground[None], frames, axis=0)
    for number in range(frames):
        left = 8 + round(number * step)
        clip[number, 36 : 36 + square, left : left + square] = thing
    return clip


def smooth(random, side):
    coarse = random.integers(0, 200, (side // 4 + 2, side // 4 + 2, 3))
    fine = coarse.repeat(4, axis=0).repeat(4, axis=1).astype(float)
    for axis in (0, 1):
        fine = sum(np.roll(fine, shift, axis=axis) for shift in range(4)) / 4
    return fine[:side, :side].astype(np.uint8)


@pytest.mark.parametrize("step", [2, 5])
def test_the_fastest_pixels_tell_the_speed(step):
    assert displacements(moving(step)) == pytest.approx([step] * 3, rel=0.2)


def test_still_clips_do_not_move_and_short_ones_have_no_pairs():
    assert displacements(moving(0)) == pytest.approx([0, 0, 0], abs=0.02)
    assert displacements(moving(2)[:1]).shape == (0,)


def test_speed_is_measured_in_both_directions_alike():
    clip = moving(4)
    assert displacements(clip[::-1]) == pytest.approx(displacements(clip)[::-1], rel=0.1)
