"""Tables of clips that are not made yet, and making them."""

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from vip.datasets import LazyMapDataset
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.loading import Loading
from vip.generation.clips import _ClipMaker, clip_table, lazy_clips
from vip.generation.device import best_device
from vip.generation.sampling import make_clips
from vip.generation.variant import ModelVariant
from vip.hashing import content_hash
from vip.types import Clip, LazyMap, Sampler

SAMPLER = Sampler(2, 3.0)
PROMPTS = pd.DataFrame(
    {
        "prompt_id": ["p0", "p1", "p2"],
        "prompt": ["a red circle moves left", "a blue square", "a green triangle grows"],
        "dynamic_degree": [0.9, 0.1, 0.9],
    }
)
FOLDER = ModelFolder(Path("nowhere"), "animatediff", "f00d")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What was removed from each model that was opened, in order."""
    log: list[tuple[str, ...]] = []
    real: Callable[..., VideoFamily] = ModelVariant.open

    def spy(variant: ModelVariant, *where: Any) -> VideoFamily:
        log.append(variant.removed)
        return real(variant, *where)

    monkeypatch.setattr(ModelVariant, "open", spy)
    return log


def lazily(variants: dict[str, ModelVariant], batch_size: int = 2) -> LazyMap[Clip]:
    return lazy_clips(variants, PROMPTS, SAMPLER, batch_size, seed=0, title="Clips")


def same(one: Clip, other: Clip) -> bool:
    return torch.equal(one.latents, other.latents) and np.array_equal(one.frames, other.frames)


def test_one_row_a_prompt() -> None:
    table = clip_table("f00d", PROMPTS, SAMPLER, seed=0)
    assert list(table.columns) == ["key", "prompt_id", "prompt", "seed"]
    assert list(table["prompt"]) == list(PROMPTS["prompt"])
    assert table["seed"].dtype == "int64"
    assert table["key"].is_unique


def test_how_a_model_is_held_is_told_only_where_it_matters() -> None:
    plain = clip_table("f00d", PROMPTS, SAMPLER, seed=0)
    row = plain.iloc[1]
    assert row["key"] == content_hash("clip", "f00d", row["prompt"], row["seed"].item(), 2, 3.0)
    loadings = [Loading(), Loading("bf16"), Loading(vae_tiling=True), Loading("bf16", vae_tiling=True)]
    keys = [clip_table("f00d", PROMPTS, SAMPLER, 0, loading)["key"][1] for loading in loadings]
    assert keys[0] == row["key"]
    assert len(set(keys)) == 4
    moved = clip_table("f00d", PROMPTS, SAMPLER, 0, Loading(offload=True))
    assert list(moved["key"]) == list(plain["key"])


def test_models_are_paired_by_seed_but_not_by_key() -> None:
    one, other = (clip_table(model, PROMPTS, SAMPLER, seed=0) for model in ("f00d", "beef"))
    assert list(one["seed"]) == list(other["seed"])
    assert not set(one["key"]) & set(other["key"])


def test_a_key_depends_on_prompt_seed_and_sampler_but_not_on_row_or_id() -> None:
    key = clip_table("f00d", PROMPTS, SAMPLER, seed=0)["key"][1]
    moved = PROMPTS.iloc[[1]].assign(prompt_id="other")
    assert clip_table("f00d", moved, SAMPLER, seed=0)["key"][0] == key
    for sampler, seed in ((Sampler(3, 3.0), 0), (Sampler(2, 2.0), 0), (SAMPLER, 1)):
        assert clip_table("f00d", moved, sampler, seed)["key"][0] != key


def test_the_whole_model_s_clips_are_shared_between_search_and_generation() -> None:
    search = lazily({"": ModelVariant(FOLDER), "mid": ModelVariant(FOLDER, ("mid_block",), "block")}).table
    assert list(search.columns) == ["key", "unit", "prompt_id", "prompt", "seed"]
    assert list(search["unit"]) == ["", "", "", "mid", "mid", "mid"]
    whole = clip_table("f00d", PROMPTS, SAMPLER, seed=0)
    assert list(search[search["unit"] == ""]["key"]) == list(whole["key"])
    assert not set(search[search["unit"] == "mid"]["key"]) & set(whole["key"])


def test_a_variant_is_one_process_s_share_and_made_batch_by_batch() -> None:
    one = lazily({"": ModelVariant(FOLDER)})
    search = lazily({"": ModelVariant(FOLDER), "a": ModelVariant(FOLDER, ("a",))})
    assert (one.batch_size, one.share) == (2, None)
    assert (search.batch_size, search.share) == (2, 3)


def test_no_prompts_are_no_clips() -> None:
    lazy = lazy_clips({"": ModelVariant(FOLDER)}, PROMPTS.iloc[:0], SAMPLER, 2, seed=0, title="Clips")
    assert len(lazy.table) == 0
    assert lazy.make_batch([]) == []


def test_the_model_is_opened_once_and_only_when_a_clip_is_made(
    tiny_folder: ModelFolder, opened: list[tuple[str, ...]]
) -> None:
    lazy = lazily({"": ModelVariant(tiny_folder)})
    assert opened == []
    lazy.make_batch(list(lazy.table["key"][:1]))
    lazy.make_batch(list(lazy.table["key"][1:2]))
    assert opened == [()]


def test_a_search_that_stops_keeps_every_batch_and_makes_those_that_it_made_at_once(
    tiny_folder: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three clips a variant, two at a time: 2, 1, 2, 1; stopped at the second call, two clips are there."""
    calls: list[int] = []

    def stopping(model: VideoFamily, prompts: list[str], *how: Any) -> list[Clip]:
        calls.append(len(prompts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return make_clips(model, prompts, *how)

    monkeypatch.setattr("vip.generation.clips.make_clips", stopping)
    lazy = lazily({"": ModelVariant(tiny_folder), "mid": ModelVariant(tiny_folder, ("mid_block",), "block")})
    folder = tmp_path / "clips"
    dataset = LazyMapDataset(str(tmp_path / "clips.parquet"), str(folder), "clip")
    with pytest.raises(KeyboardInterrupt):
        dataset.save(lazy)
    assert sorted(path.stem for path in folder.glob("*.mp4")) == sorted(lazy.table["key"][:2])
    dataset.save(lazy)
    made, keys = dataset.load(), list(lazy.table["key"])
    assert all(same(made[key], clip) for key, clip in zip(keys, lazy.make_batch(keys), strict=True))


def test_keys_of_several_variants_in_any_order_get_their_own_clips(
    tiny_folder: ModelFolder, opened: list[tuple[str, ...]]
) -> None:
    variants = {"": ModelVariant(tiny_folder), "mid": ModelVariant(tiny_folder, ("mid_block",), "block")}
    lazy = lazily(variants)
    keys = list(lazy.table["key"])
    mixed = [keys[3], keys[0], keys[4], keys[3]]
    made = dict(zip(mixed, lazy.make_batch(mixed), strict=True))
    assert opened == [("mid_block",), ()]
    for unit, key in (("mid", keys[3]), ("", keys[0])):
        row = lazy.table[lazy.table["key"] == key].iloc[0]
        expected = make_clips(
            variants[unit].open(), [row["prompt"]], [int(row["seed"])], SAMPLER, batch_size=2
        )
        assert same(made[key], expected[0])
    assert not same(made[keys[3]], made[keys[0]])


def test_runs_on_the_gpu_of_the_process_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert best_device() == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("LOCAL_RANK", "3")
    assert best_device() == "cuda:3"
    monkeypatch.delenv("LOCAL_RANK")
    assert best_device() == "cuda:0"


def test_of_two_variants_only_one_is_in_memory(tiny_folder: ModelFolder) -> None:
    """Models that compute in bfloat16 refer to themselves: they have to be looked for."""
    variants = [ModelVariant(tiny_folder), ModelVariant(tiny_folder, ("mid_block.motion_modules.0",))]
    maker = _ClipMaker({}, SAMPLER, 1, Loading("bf16"))
    first = weakref.ref(maker._open(variants[0]).denoiser)
    assert first() is not None
    maker._open(variants[1])
    assert first() is None
