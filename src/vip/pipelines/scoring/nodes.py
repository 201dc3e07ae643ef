"""Score clips with the reward model, and lay the scores out as a table (paper Sec. 3.3)."""

from collections.abc import Sequence

from vip.errors import UserError
from vip.hashing import content_hash
from vip.pipelines.scoring.config import Scoring
from vip.rewards.base import Reward
from vip.rewards.registry import reward_named
from vip.types import PROPERTIES, Clip, Items, LazyMap, Table


def score_clips(clips: Items[Clip], settings: Scoring) -> LazyMap[dict[str, float]]:
    """The scores of every clip against its prompt, by property, made batch by batch when asked for.

    The table is the clips' own, with the score's key in `key`, the clip's in `clip`, and in `reward` what
    gives the score (`Reward.provenance`). A score's key depends on the clip, the prompt and the reward's
    fingerprint, so a clip seen before is not scored again.
    """
    reward = reward_named(settings.reward.name, settings.reward.options)
    keys = [
        content_hash(clip, prompt, reward.fingerprint)
        for clip, prompt in zip(clips.table["key"], clips.table["prompt"], strict=True)
    ]
    table = clips.table.rename(columns={"key": "clip"})
    table.insert(0, "key", keys)
    table["reward"] = reward.provenance
    subjects = dict(zip(keys, zip(table["clip"], table["prompt"], strict=True), strict=True))

    def make_batch(batch: Sequence[str]) -> list[dict[str, float]]:
        padded = [*batch, *list(batch[-1:]) * (-len(batch) % settings.batch_size)]
        rows: list[dict[str, float]] = []
        for start in range(0, len(padded), settings.batch_size):
            rows += _score(
                reward, clips, [subjects[key] for key in padded[start : start + settings.batch_size]]
            )
        return rows[: len(batch)]

    return LazyMap(table, make_batch, settings.batch_size, title=f"Scoring clips with {settings.reward.name}")


def _score(reward: Reward, clips: Items[Clip], subjects: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
    """Score (clip key, prompt) pairs in one call of the reward; UserError where a score is not a number."""
    import numpy as np

    frames = [clips[clip].frames for clip, _ in subjects]
    scores = reward.score(frames, [prompt for _, prompt in subjects])
    expected = (len(subjects), len(PROPERTIES))
    assert scores.shape == expected, (
        f"{reward.name} returned scores of shape {scores.shape}, expected {expected}"
    )
    for (clip, prompt), row in zip(subjects, scores, strict=True):
        if not np.isfinite(row).all():
            raise UserError(
                f"reward {reward.name} gave {row.tolist()} for clip {clip} ({prompt!r}), not four numbers; "
                "look at the clip, or choose another reward"
            )
    return [dict(zip(PROPERTIES, map(float, row), strict=True)) for row in scores]


def tabulate_scores(score_items: Items[dict[str, float]]) -> Table:
    """One row a clip: what it is, what scored it, its four scores, and their `average`: Sec. 4.1's total."""
    table = score_items.table.reset_index(drop=True)
    by_key = {key: score_items[key] for key in score_items}
    for name in PROPERTIES:
        table[name] = [by_key[key][name] for key in table["key"]]
    table["average"] = table[list(PROPERTIES)].mean(axis=1)
    return table
