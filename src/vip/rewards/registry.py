"""The list of rewards: one line each, imported only when asked for."""

from collections.abc import Mapping
from typing import Any, cast

from vip.registries import build_named, check_named
from vip.rewards.base import Reward

REWARDS: dict[str, str] = {
    "shapes_oracle": "vip.rewards.shapes_oracle:ShapesOracle",
    "inverse_rendering": "vip.rewards.inverse_rendering:InverseRendering",
    "shapes_classifier": "vip.rewards.shapes_classifier:ShapesClassifier",
    "clip": "vip.rewards.clip:ClipReward",
    "motion": "vip.rewards.motion:Motion",
    "mixture": "vip.rewards.mixture:Mixture",
    "videoscore": "vip.rewards.videoscore:VideoScore",
}
"""Reward name -> "module:Class". The contract tests run over this list."""


def reward_named(name: str, options: Mapping[str, Any]) -> Reward:
    """The reward of that name, built with these options; UserError where either is unknown."""
    return cast("Reward", build_named("reward", REWARDS, name, options))


def check_reward(name: str, options: Mapping[str, Any]) -> None:
    """UserError where there is no reward of that name, or none with these options; builds nothing."""
    check_named("reward", REWARDS, name, options)
