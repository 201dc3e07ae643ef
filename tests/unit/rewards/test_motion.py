"""The reward of motion: faster is better, on a straight line, whatever is asked for."""

import numpy as np
import pytest

from vip.errors import UserError
from vip.rewards.motion import Motion
from vip.shapes.renderer import Placement, render
from vip.shapes.scene import Scene
from vip.types import PROPERTIES

MOVING = render(Scene("red", "circle", "black", "right"), Placement(16.0, 16.0, 6.0))
STILL = render(Scene("red", "circle", "black", "still"), Placement(16.0, 16.0, 6.0))
DYNAMIC = PROPERTIES.index("dynamic_degree")


def test_what_moves_scores_more_than_what_rests_and_every_other_property_is_1():
    moving, still = Motion().score([MOVING, STILL], ["", ""])
    assert still[DYNAMIC] == pytest.approx(1, abs=0.05)
    assert 2 < moving[DYNAMIC] < 4.5  # 2 of 32 pixels a frame are 2.9 points; the flow is a rough one
    others = [index for index in range(len(PROPERTIES)) if index != DYNAMIC]
    assert (moving[others] == 1).all()
    assert (still[others] == 1).all()


def test_frames_left_out_are_faster():
    whole, hurried = (Motion().score([clip], [""])[0, DYNAMIC] for clip in (MOVING, MOVING[::2]))
    assert hurried > whole


def test_the_speed_that_scores_4_is_an_option():
    usual, doubled = (Motion(fastest).score([MOVING], [""])[0, DYNAMIC] for fastest in (0.1, 0.2))
    assert usual - 1 == pytest.approx(2 * (doubled - 1))
    assert Motion(0.1).fingerprint != Motion(0.2).fingerprint


@pytest.mark.parametrize("fastest", [0.0, -1.0, float("nan")])
def test_a_speed_that_cannot_be_is_refused(fastest):
    with pytest.raises(UserError, match="fastest"):
        Motion(fastest)


def test_a_single_frame_is_refused():
    with pytest.raises(UserError, match="1 frames, and motion shows in 2 or more"):
        Motion().score([MOVING[:1]], [""])


def test_the_size_of_the_picture_does_not_matter():
    large = MOVING.repeat(4, axis=1).repeat(4, axis=2)
    scores = Motion().score([MOVING, np.ascontiguousarray(large)], ["", ""])[:, DYNAMIC]
    assert scores[1] == pytest.approx(scores[0], rel=0.35)
