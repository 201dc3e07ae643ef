"""Made-up studies and votes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from vip.evaluation.user_study.design import Study, design
from vip.types import Clip, Items

MODELS = ("full", "pruned", "student")
Preference = Callable[[dict[str, str], int], list[list[str]]]


def clips_of(model: str, count: int, prompt: str = "a red circle moves") -> Items[Clip]:
    """Clips of half a second whose brightness is the model's."""
    keys = [f"{model}{number}" for number in range(count)]
    table = pd.DataFrame(
        {
            "key": keys,
            "prompt_id": [f"p{number}" for number in range(count)],
            "prompt": [f"{prompt} {number}" for number in range(count)],
            "seed": range(count),
        }
    )
    frames = np.full((4, 16, 16, 3), 60 * (1 + MODELS.index(model)), dtype=np.uint8)
    return Items(table, lambda key: Clip(torch.zeros(4, 4, 2, 2), frames))


def study_of(count: int, models: Sequence[str] = MODELS) -> tuple[Study, dict[str, Items[Clip]]]:
    """A study of so many prompts, and its clips."""
    clips = {model: clips_of(model, count) for model in models}
    return design(clips, count, seed=0), clips


def ballot_of(study: Study, prefer: Preference, rater: str = "ann", **changes: Any) -> dict[str, Any]:
    """A ballot, as exported, of someone who ranks the clips (blind name -> model) as `prefer` says."""
    votes = [
        {
            "item": comparison.item,
            "shown": sorted(comparison.clips, reverse=number % 2 == 0),
            "ranking": prefer(comparison.models, number),
            "milliseconds": 5000 + number,
        }
        for number, comparison in enumerate(study.comparisons)
    ]
    ballot = {"format": "vip-votes-1", "study": study.study, "rater": rater}
    return ballot | {"exported": "2026-01-01T00:00:00.000Z", "votes": votes} | changes


def by_model(*groups: str) -> Preference:
    """Always the same ranking of models: "student", "full pruned" puts two as equals behind the first."""

    def prefer(models: dict[str, str], number: int) -> list[list[str]]:
        return [[clip for clip, model in models.items() if model in group.split()] for group in groups]

    return prefer
