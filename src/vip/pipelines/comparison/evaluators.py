"""Who judges the arms of a comparison: the reward of `scoring`, and any number of second opinions."""

import re
from collections.abc import Mapping
from typing import Any

from vip.pipelines.comparison.blocks import block_of

NAME = r"[a-z][a-z0-9]*(_[a-z0-9]+)*"
"""What arms and evaluators may be called: their names become those of datasets and folders."""
REWARD = "reward"
"""The evaluator that is the reward of `scoring`, whatever that is."""
SECOND_OPINION = "second_opinion_"
"""What the datasets of a second opinion's scores begin with, before its name."""


def second_opinions(blocks: Any) -> dict[str, dict[str, Any]]:
    """Each second opinion by its own name or else that of its reward, as parameters of scoring.

    What is no list of rewards with such names gives none: `Comparison` refuses it, in the user's words.
    """
    given = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    named = {name_of(block): block for block in given if isinstance(block.get("reward"), Mapping)}
    return {
        name: {key: value for key, value in block.items() if key != "name"}
        for name, block in named.items()
        if re.fullmatch(NAME, name)
    }


def name_of(block: Mapping[str, Any]) -> str:
    """What an opinion is called: its own name, or that of its reward."""
    return str(block.get("name") or block["reward"].get("name"))


def evaluator_of(
    scoring: Mapping[str, Any], shared: Mapping[str, Any], opinions: Mapping[str, Mapping[str, Any]]
) -> str:
    """Which evaluator scores as `scoring` does; its reward, in words that are no name, where none does."""
    for name, block in ({REWARD: shared} | dict(opinions)).items():
        if _reward(block) == _reward(scoring):
            return name
    return f"{_reward(scoring)[0]}, which judges nobody here"


def scores_dataset(evaluator: str) -> str:
    """What an evaluator's scores are called in a run's namespace, less `_scores`."""
    return evaluator if evaluator == REWARD else f"{SECOND_OPINION}{evaluator}"


def _reward(scoring: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    choice = block_of(scoring, "reward")
    return choice.get("name"), dict(block_of(choice, "options"))
