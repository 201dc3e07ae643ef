"""Scoring: keys, batches and tables, with a reward defined here."""

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError

from vip.errors import UserError
from vip.hashing import content_hash
from vip.pipelines.scoring import nodes
from vip.pipelines.scoring.config import RewardChoice, Scoring
from vip.pipelines.scoring.pipeline import create_pipeline, scores_of
from vip.rewards.base import Reward
from vip.types import PROPERTIES, Clip, Items


class Brightness(Reward):
    """Scores a clip's mean pixel in every property, plus one in text alignment per letter of its prompt."""

    name = "brightness"

    def __init__(self, version=1):
        self.version = version
        self.batches = []

    @property
    def fingerprint(self):
        return f"brightness {self.version}"

    @property
    def provenance(self):
        return f"brightness version {self.version}"

    def score(self, frames, prompts):
        self.batches.append(len(frames))
        means = np.array([clip.mean() for clip in frames])
        letters = np.array([len(prompt) for prompt in prompts])
        return np.stack([means, means, means, means + letters], axis=1)


@pytest.fixture
def reward(monkeypatch):
    reward = Brightness()
    monkeypatch.setattr(nodes, "reward_named", lambda name, options: reward)
    return reward


def clips(*pixels):
    """Clips of one grey each, and the table a generation node would give them."""
    keys = [f"clip-{pixel}" for pixel in pixels]
    table = pd.DataFrame({"key": keys, "prompt_id": keys, "prompt": "a cat", "seed": 0})
    content = {
        key: Clip(torch.zeros(1), np.full((2, 2, 2, 3), pixel, np.uint8))
        for key, pixel in zip(keys, pixels, strict=True)
    }
    return Items(table, content.__getitem__)


SETTINGS = Scoring(reward=RewardChoice(name="brightness"), batch_size=2)


def made(lazy):
    """Make all items of a lazy map as its dataset would."""
    keys = list(dict.fromkeys(lazy.table["key"]))
    items = {}
    for start in range(0, len(keys), lazy.batch_size):
        batch = keys[start : start + lazy.batch_size]
        items.update(zip(batch, lazy.make_batch(batch), strict=True))
    return Items(lazy.table, items.__getitem__)


def test_scores_by_hand(reward):
    lazy = nodes.score_clips(clips(10, 20, 30), SETTINGS)
    assert lazy.table["clip"].tolist() == ["clip-10", "clip-20", "clip-30"]
    assert lazy.table["key"][0] == content_hash("clip-10", "a cat", "brightness 1")
    scores = nodes.tabulate_scores(made(lazy))
    assert scores["visual_quality"].tolist() == [10, 20, 30]
    assert scores["text_alignment"].tolist() == [15, 25, 35]
    assert scores["average"].tolist() == [11.25, 21.25, 31.25]
    assert scores["reward"].tolist() == ["brightness version 1"] * 3
    assert list(scores.columns) == [
        "key",
        "clip",
        "prompt_id",
        "prompt",
        "seed",
        "reward",
        *PROPERTIES,
        "average",
    ]


def test_the_reward_always_sees_full_batches(reward):
    lazy = nodes.score_clips(clips(10, 20, 30, 40, 50), SETTINGS)
    keys = list(lazy.table["key"])
    everything = lazy.make_batch(keys)
    assert reward.batches == [2, 2, 2]
    assert len(everything) == 5
    assert lazy.make_batch([keys[4]]) == [everything[4]]
    assert lazy.make_batch([]) == []


def test_keys_change_with_clip_prompt_and_reward(reward):
    first = nodes.score_clips(clips(10, 20), SETTINGS).table["key"]
    other = clips(10)
    other.table["prompt"] = "a dog"
    reprompted = nodes.score_clips(other, SETTINGS).table["key"]
    reward.version = 2
    rescored = nodes.score_clips(clips(10), SETTINGS).table["key"]
    assert len({*first, *reprompted, *rescored}) == 4


def test_other_columns_stay_and_repeated_clips_are_scored_once(reward):
    source = clips(10, 20)
    table = pd.concat([source.table.assign(unit=""), source.table.assign(unit="")], ignore_index=True)
    lazy = nodes.score_clips(Items(table, source.read), SETTINGS)
    scores = nodes.tabulate_scores(made(lazy))
    assert reward.batches == [2]
    assert scores["unit"].tolist() == [""] * 4
    assert scores["average"].tolist() == [11.25, 21.25] * 2


def test_the_clips_table_is_left_alone(reward):
    source = clips(10)
    before = source.table.copy()
    items = made(nodes.score_clips(source, SETTINGS))
    pd.testing.assert_frame_equal(source.table, before)
    columns = list(items.table.columns)
    nodes.tabulate_scores(items)
    assert list(items.table.columns) == columns


def test_a_score_that_is_no_number_is_refused(reward, monkeypatch):
    monkeypatch.setattr(Brightness, "score", lambda self, frames, prompts: np.full((2, 4), np.nan))
    lazy = nodes.score_clips(clips(10), SETTINGS)
    with pytest.raises(UserError, match="reward brightness gave .* for clip clip-10 .'a cat'."):
        lazy.make_batch(list(lazy.table["key"]))


@pytest.mark.parametrize(
    "fields",
    [
        {"reward": {"name": "brightness"}, "batch_size": 0},
        {"reward": {"name": "brightness"}, "batchsize": 4},
        {"reward": {"name": "brightness", "option": {}}},
        {"reward": {"name": ""}},
        {},
    ],
)
def test_impossible_settings_are_refused(fields):
    with pytest.raises(ValidationError):
        Scoring(**fields)


def test_the_pipeline_scores_both_models(reward):
    pipe = create_pipeline()
    assert {node.name for node in pipe.nodes} == {
        "full_score_items",
        "full_scores",
        "pruned_score_items",
        "pruned_scores",
    }
    assert all(node.tags == {"scoring"} for node in pipe.nodes)
    assert [node.outputs for node in scores_of("x")] == [["x_score_items"], ["x_scores"]]
    inputs = {"full_clips": clips(10), "pruned_clips": clips(20), "params:scoring": SETTINGS}
    catalog = DataCatalog({name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()})
    for name in ("full", "pruned"):
        catalog[f"{name}_score_items"] = Making(copy_mode="assign")
    scores = SequentialRunner().run(pipe, catalog)
    assert scores["full_scores"].load()["average"].tolist() == [11.25]
    assert scores["pruned_scores"].load()["average"].tolist() == [21.25]


class Making(MemoryDataset):
    """Makes what a node left to be made, as the dataset on disk does."""

    def save(self, data):
        super().save(made(data))
