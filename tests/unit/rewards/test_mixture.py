"""Mixtures: the weighted mean by hand, nested, and lists that make no sense."""

from typing import ClassVar

import numpy as np
import pytest

from vip.errors import UserError
from vip.rewards import registry
from vip.rewards.base import Reward
from vip.rewards.mixture import Mixture
from vip.rewards.registry import reward_named


class Constant(Reward):
    """Gives every clip the same four scores."""

    name: ClassVar[str] = "constant"

    def __init__(self, level=0.0):
        self.level = level

    @property
    def fingerprint(self):
        return f"constant {self.level}"

    @property
    def provenance(self):
        return f"constant at {self.level}"

    def score(self, frames, prompts):
        return np.full((len(prompts), 4), self.level) + np.arange(4)


@pytest.fixture(autouse=True)
def constant(monkeypatch):
    real = registry.build_named

    def build_named(kind, listed, name, options):
        return Constant(**options) if name == "constant" else real(kind, listed, name, options)

    monkeypatch.setattr(registry, "build_named", build_named)


def part(level, **fields):
    return {"name": "constant", "options": {"level": level}, **fields}


CLIPS, PROMPTS = [np.zeros((2, 4, 4, 3), np.uint8)] * 2, ["a", "b"]


def test_the_weighted_mean_by_hand():
    mixture = Mixture([part(1.0, weight=3), part(5.0, weight=1)])
    assert mixture.score(CLIPS, PROMPTS).tolist() == [[2, 3, 4, 5]] * 2


def test_weights_are_1_by_default_and_only_their_ratio_matters():
    scores = [Mixture([part(1.0, weight=w), part(2.0, weight=w)]).score(CLIPS, PROMPTS) for w in (1, 0.25)]
    default = Mixture([part(1.0), part(2.0)])
    for each in scores:
        np.testing.assert_array_equal(each, default.score(CLIPS, PROMPTS))
    assert default.fingerprint == Mixture([part(1.0, weight=7), part(2.0, weight=7)]).fingerprint


def test_mixtures_nest_and_come_by_name():
    inner = {"name": "mixture", "weight": 1, "options": {"rewards": [part(0.0), part(4.0)]}}
    mixture = reward_named("mixture", {"rewards": [inner, part(8.0, weight=3)]})
    assert mixture.score(CLIPS, PROMPTS)[0].tolist() == [6.5, 7.5, 8.5, 9.5]
    assert mixture.provenance == (
        "mixture (0.25 x mixture (0.5 x constant at 0.0 + 0.5 x constant at 4.0) + 0.75 x constant at 8.0)"
    )


def test_one_reward_alone_is_itself():
    np.testing.assert_array_equal(
        Mixture([part(2.0, weight=9)]).score(CLIPS, PROMPTS), Constant(2.0).score(CLIPS, PROMPTS)
    )


def test_the_fingerprint_follows_parts_and_weights():
    mixtures = (
        [part(1.0), part(2.0)],
        [part(1.0), part(3.0)],
        [part(1.0), part(2.0, weight=2)],
        [part(1.0)],
    )
    assert len({Mixture(parts).fingerprint for parts in mixtures}) == 4


@pytest.mark.parametrize(
    ("rewards", "message"),
    [
        ([], r"rewards is \[\]; list one or more"),
        ("constant", "rewards is 'constant'; list one or more"),
        ({"constant": 1}, "list one or more"),
        (["constant"], "reward 1 of 1 is 'constant'; give it a name"),
        ([part(1.0), {"weight": 1}], "reward 2 of 2 is .*; give it a name"),
        ([part(1.0, weigth=1)], "reward 1 of 1 has weigth; known are name, weight, options"),
        ([part(1.0, weight=0)], "weight 0; a weight is a number above 0"),
        ([part(1.0, weight="much")], "weight 'much'"),
        ([part(1.0, weight=True)], "weight True"),
        ([part(1.0, weight=float("nan"))], "weight nan"),
        ([{"name": "videoscor"}], "did you mean videoscore"),
    ],
)
def test_lists_that_make_no_sense_are_refused(rewards, message):
    with pytest.raises(UserError, match=message):
        Mixture(rewards)
