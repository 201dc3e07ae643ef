"""VideoScore as a reward: what it is shown and asked, in which order it answers, what it refuses."""

import numpy as np
import pytest
from tests.tiny import videoscore as tiny

from vip.datasets import LazyMapDataset, TableDataset
from vip.errors import UserError
from vip.pipelines.scoring import nodes
from vip.pipelines.scoring.config import RewardChoice, Scoring
from vip.rewards import videoscore
from vip.rewards.videoscore import VideoScore, read_query, sampled
from vip.types import PROPERTIES, Clip, LazyMap


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.build(tmp_path_factory.mktemp("models") / "TinyScore")


@pytest.fixture(autouse=True)
def our_query(monkeypatch):
    monkeypatch.setattr(videoscore, "QUERY_SHA256", tiny.QUERY_SHA256)


def clip(seed, frames=6, height=30, width=40):
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


CLIPS = [clip(0), clip(1, frames=3), clip(2, frames=9, height=44)]
PROMPTS = ["red circle", "green square moves left ?", "blue"]


@pytest.mark.parametrize(
    ("count", "most", "places"),
    [(3, 16, [0, 1, 2]), (4, 4, [0, 1, 2, 3]), (8, 4, [0, 2, 4, 6]), (10, 4, [0, 2, 5, 7])],
)
def test_frames_are_sampled_evenly_from_the_first(count, most, places):
    frames = np.arange(count)[:, None, None, None].repeat(3, axis=3)
    assert [int(frame[0, 0, 0]) for frame in sampled(frames, most)] == places


@pytest.mark.parametrize("most", [16, 48])
def test_frames_are_sampled_as_the_model_card_does(most):
    for count in range(most + 1, 400):
        ours = [int(frame) for frame in sampled(np.arange(count), most)]
        card = np.arange(0, count, count / most).astype(int)[:most]
        assert np.abs(np.array(ours) - card).max() <= 1  # its floats may fall short of a whole number
        assert (np.array(ours) == card).mean() >= 0.7


def test_it_shows_the_network_what_the_card_says(folder, monkeypatch):
    reward = VideoScore(model=str(folder), frames=4)
    asked = {}

    def regress(clips, texts):
        import torch

        asked.update(clips=clips, texts=texts)
        return torch.arange(5.0)[None]

    monkeypatch.setattr(type(reward._model), "regress", lambda self, clips, texts: regress(clips, texts))
    scores = reward.score([CLIPS[0]], ["{} {text_prompt} %s"])
    assert scores.tolist() == [[0, 1, 2, 3]]
    assert asked["texts"] == [tiny.QUERY.replace("{text_prompt}", "{} {text_prompt} %s") + "<image> " * 4]
    assert [frame.tolist() for frame in asked["clips"][0]] == [CLIPS[0][i].tolist() for i in (0, 1, 3, 4)]


def test_passes_of_several_clips_agree_with_single_ones(folder):
    single = VideoScore(model=str(folder), frames=4).score(CLIPS, PROMPTS)
    batched = VideoScore(model=str(folder), frames=4, clips_per_pass=3).score(CLIPS, PROMPTS)
    assert np.ptp(single, axis=0).min() > 1e-3
    np.testing.assert_allclose(batched, single, rtol=0, atol=1e-5)


def test_real_videos_are_scored_from_end_to_end(folder, tmp_path, monkeypatch):
    """Clips as the store keeps them (mp4), through the scoring nodes and datasets, to a table on disk."""
    import pandas as pd
    import torch

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    table = pd.DataFrame({"key": ["a", "b", "c"], "prompt_id": ["0", "1", "2"], "prompt": PROMPTS, "seed": 0})
    made = dict(zip(table["key"], CLIPS, strict=True))
    lazy = LazyMap(table, lambda keys: [Clip(torch.zeros(1), made[key]) for key in keys], 2, "clips")
    clips = LazyMapDataset(
        filepath=str(tmp_path / "clips.parquet"), store=str(tmp_path / "clips"), codec="clip"
    )
    clips.save(lazy)
    assert len(list((tmp_path / "clips").rglob("*.mp4"))) == 3

    settings = Scoring(reward=RewardChoice("videoscore", {"model": str(folder), "frames": 4}), batch_size=2)
    items = LazyMapDataset(filepath=str(tmp_path / "i.parquet"), store=str(tmp_path / "i"), codec="row")
    items.save(nodes.score_clips(clips.load(), settings))
    scores = TableDataset(filepath=str(tmp_path / "scores.parquet"))
    scores.save(nodes.tabulate_scores(items.load()))

    reward = VideoScore(model=str(folder), frames=4)
    table = scores.load()
    np.testing.assert_array_equal(table[list(PROPERTIES)].to_numpy(), reward.score(CLIPS, PROMPTS))
    assert table["reward"].tolist() == [reward.provenance] * 3
    assert table["reward"][0].startswith("videoscore TinyScore@sha256:")
    assert table["reward"][0].endswith(", 4 frames, float32")


def test_scores_are_kept_by_all_that_decides_them(folder, tmp_path):
    other = tiny.build(tmp_path / "TinyScore", seed=1)
    choices = (
        {"model": str(folder)},
        {"model": str(other)},
        {"model": str(folder), "frames": 8},
        {"model": str(folder), "precision": "bfloat16"},
        {"model": str(folder), "clips_per_pass": 2},
    )
    assert len({VideoScore(**choice).fingerprint for choice in choices}) == len(choices)


@pytest.mark.parametrize(
    "options", [{"frames": 0}, {"frames": 49}, {"clips_per_pass": 0}, {"precision": "int8"}]
)
def test_impossible_options_are_refused(options):
    with pytest.raises(UserError, match="reward 'videoscore': "):
        VideoScore(**options)


def test_clips_and_prompts_that_cannot_be_scored_are_refused(folder):
    reward = VideoScore(model=str(folder))
    with pytest.raises(UserError, match="a clip for 'red' has 0 frames, VideoScore needs 1"):
        reward.score([CLIPS[0][:0]], ["red"])
    with pytest.raises(UserError, match="holds <image>, which VideoScore takes for a frame"):
        reward.score([CLIPS[0]], ["red <image> circle"])
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        reward.score(CLIPS, PROMPTS[:1])


def test_another_query_is_refused_and_a_missing_card_named(tmp_path):
    with pytest.raises(
        UserError, match=r"README.md is missing; the query is read from the model card; download"
    ):
        read_query(tmp_path)
    (tmp_path / "README.md").write_text(tiny.CARD.replace("good", "bad"))
    with pytest.raises(UserError, match="quotes 1 texts with {text_prompt}, none with hash"):
        read_query(tmp_path)


def test_the_real_query_is_the_published_one(monkeypatch):
    monkeypatch.undo()
    assert videoscore.QUERY_SHA256.startswith("49b386d9ea30")


def test_a_model_that_cannot_be_had_is_told_in_one_line(monkeypatch):
    def offline(*args, **options):
        raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.snapshot_download", offline)
    with pytest.raises(UserError, match="TIGER-Lab/VideoScore is no file or folder here, and cannot be had"):
        VideoScore().score(CLIPS, PROMPTS)
