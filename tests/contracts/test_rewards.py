"""What every registered reward promises."""

from typing import Any

import numpy as np
import pytest

from vip.errors import UserError
from vip.rewards.base import Reward
from vip.rewards.registry import REWARDS, reward_named
from vip.shapes.captions import MOTION_PHRASES
from vip.shapes.renderer import render_random
from vip.shapes.scene import all_scenes
from vip.types import PROPERTIES

OPTIONS: dict[str, dict[str, Any]] = {"shapes_oracle": {}}
"""Reward -> options that make a small one; a new reward adds its line here."""
SCENES = all_scenes()[::75]
CLIPS = [render_random(scene, seed) for seed, scene in enumerate(SCENES)]
PROMPTS = [f"{scene.colour} {scene.shape} {MOTION_PHRASES[scene.motion][0]}" for scene in SCENES]


def build(name: str) -> Reward:
    return reward_named(name, OPTIONS[name])


@pytest.fixture(scope="module", params=sorted(REWARDS))
def reward(request: pytest.FixtureRequest) -> Reward:
    return build(request.param)


def test_every_registered_reward_is_tested():
    assert set(OPTIONS) == set(REWARDS)


def test_it_goes_by_its_registered_name(reward):
    assert REWARDS[reward.name].endswith(f":{type(reward).__name__}")


def test_it_gives_one_finite_number_a_clip_and_property(reward):
    scores = reward.score(CLIPS, PROMPTS)
    assert scores.shape == (len(CLIPS), len(PROPERTIES))
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()


def test_no_clips_give_no_scores(reward):
    assert reward.score([], []).shape == (0, len(PROPERTIES))


def test_a_score_ignores_the_rest_of_the_batch_and_its_order(reward):
    together = reward.score(CLIPS, PROMPTS)
    alone = np.concatenate(
        [reward.score([clip], [prompt]) for clip, prompt in zip(CLIPS, PROMPTS, strict=True)]
    )
    backwards = reward.score(CLIPS[::-1], PROMPTS[::-1])[::-1]
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(backwards, together)


def test_it_repeats_itself_and_leaves_the_clips_alone(reward):
    before = [clip.copy() for clip in CLIPS]
    np.testing.assert_array_equal(reward.score(CLIPS, PROMPTS), build(reward.name).score(CLIPS, PROMPTS))
    np.testing.assert_array_equal(CLIPS, before)


def test_the_prompt_matters(reward):
    assert (reward.score(CLIPS, PROMPTS) != reward.score(CLIPS, PROMPTS[1:] + PROMPTS[:1])).any()


def test_clips_in_store_may_be_read_only(reward):
    clip = CLIPS[0].copy()
    clip.flags.writeable = False
    np.testing.assert_array_equal(reward.score([clip], PROMPTS[:1]), reward.score(CLIPS[:1], PROMPTS[:1]))


def test_the_fingerprint_is_stable_text(reward):
    assert isinstance(reward.fingerprint, str)
    assert reward.fingerprint == build(reward.name).fingerprint


def test_options_it_does_not_know_are_refused(reward):
    with pytest.raises(UserError, match="has no option no_such_option"):
        reward_named(reward.name, {**OPTIONS[reward.name], "no_such_option": 1})
