"""What every registered reward promises."""

from collections.abc import Iterator
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

Options = dict[str, dict[str, Any]]
WHATEVER_THE_PROMPT = {"motion"}
SCENES = all_scenes()[::75]
CLIPS = [render_random(scene, seed) for seed, scene in enumerate(SCENES)]
PROMPTS = [f"{scene.colour} {scene.shape} {MOTION_PHRASES[scene.motion][0]}" for scene in SCENES]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Options]:
    """Reward -> options that make a small one; who needs no options need not stand here."""
    from tests.tiny import clip, videoscore

    folder = tmp_path_factory.mktemp("rewards")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vip.rewards.videoscore.QUERY_SHA256", videoscore.QUERY_SHA256)
        single: Options = {name: {} for name in REWARDS if name != "mixture"} | {
            "videoscore": {"model": str(videoscore.build(folder / "videoscore")), "frames": 4},
            "clip": {"model": str(clip.build(folder / "clip"))},
        }
        parts = [
            {"name": name, "weight": 1 + i, "options": given}
            for i, (name, given) in enumerate(single.items())
        ]
        inner = {"name": "mixture", "options": {"rewards": parts[:2]}}
        yield single | {"mixture": {"rewards": [inner, *parts[2:]]}}


@pytest.fixture(scope="module", params=sorted(REWARDS))
def reward(request: pytest.FixtureRequest, options: Options) -> Reward:
    return reward_named(request.param, options[request.param])


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


def test_it_repeats_itself_and_leaves_the_clips_alone(reward, options):
    before = [clip.copy() for clip in CLIPS]
    another = reward_named(reward.name, options[reward.name])
    np.testing.assert_array_equal(reward.score(CLIPS, PROMPTS), another.score(CLIPS, PROMPTS))
    np.testing.assert_array_equal(CLIPS, before)


def test_the_prompt_matters(reward):
    differ = reward.score(CLIPS, PROMPTS) != reward.score(CLIPS, PROMPTS[1:] + PROMPTS[:1])
    assert differ.any() == (reward.name not in WHATEVER_THE_PROMPT)


def test_clips_in_store_may_be_read_only(reward):
    clip = CLIPS[0].copy()
    clip.flags.writeable = False
    np.testing.assert_array_equal(reward.score([clip], PROMPTS[:1]), reward.score(CLIPS[:1], PROMPTS[:1]))


def test_fingerprint_and_provenance_are_stable_lines(reward, options):
    another = reward_named(reward.name, options[reward.name])
    for told, again in ((reward.fingerprint, another.fingerprint), (reward.provenance, another.provenance)):
        assert isinstance(told, str)
        assert told.splitlines() == [again]
    assert reward.provenance.startswith(reward.name)


def test_options_it_does_not_know_are_refused(reward, options):
    with pytest.raises(UserError, match="has no option no_such_option"):
        reward_named(reward.name, {**options[reward.name], "no_such_option": 1})
