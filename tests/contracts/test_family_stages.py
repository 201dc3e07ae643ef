"""A stage from end to end for every family: search, prune, generate, predict, train, prune again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from tests.tiny.models import TINY
from tests.tiny.settings import block_pruning, video_generation
from tests.tiny.training import tiny_training

import vip
from vip.datasets import CheckpointFolderDataset, ModelFolderDataset
from vip.families.folder import ModelFolder
from vip.generation.clips import lazy_clips
from vip.generation.variant import ModelVariant
from vip.pipelines.block_pruning.config import Budget
from vip.pipelines.block_pruning.nodes import generate_candidate_clips, list_units, prune
from vip.pipelines.redpo_training.nodes import predict_reference, train_student
from vip.types import Items, LazyMap

PROMPTS = pd.DataFrame(
    {"prompt_id": ["0", "1"], "prompt": ["red circle moves left", "blue square stays still"]}
)
SAMPLING = video_generation(steps=2, guidance_scale=2.0, batch_size=2, seed=0)
PRUNING = block_pruning(granularity="block")
TRAINING = tiny_training(sft_weight="auto", batch_size=1, ema_decay=0.5)


def made(lazy: LazyMap[Any]) -> Items[Any]:
    keys = list(dict.fromkeys(lazy.table["key"]))
    items = dict(zip(keys, lazy.make_batch(keys), strict=True))
    return Items(lazy.table, items.__getitem__)


def clips_of(model: ModelFolder) -> Items[Any]:
    return made(lazy_clips({"": ModelVariant(model)}, PROMPTS, SAMPLING.sampler, 2, 0, "clips"))


def saved(folder: Path, family: object) -> ModelFolder:
    dataset = ModelFolderDataset(str(folder))
    dataset.save(family)
    return dataset.load()


@pytest.mark.parametrize("name", sorted({tiny.family for tiny in TINY.values()} | {"wan_two"}))
def test_a_stage_from_end_to_end(name: str, tiny_folder_of: Callable[[str], Path], tmp_path: Path) -> None:
    teacher = ModelFolderDataset(str(tiny_folder_of(name)), source=f"owner/{name}").load()
    assert teacher.family == TINY[name].family
    units = list_units(teacher, Budget(blocks_per_stage=1), PRUNING)
    removable = list(units[units["removable"]]["unit"])
    candidates = generate_candidate_clips(teacher, units, PROMPTS, SAMPLING, PRUNING)
    assert set(candidates.table["unit"]) == {"", *removable}
    without_first = candidates.table[candidates.table["unit"] == removable[0]]["key"]
    assert all(torch.isfinite(clip.latents).all() for clip in candidates.make_batch(list(without_first)))

    family, record = prune(teacher, removable[:1], PRUNING)
    pruned = saved(tmp_path / "pruned", family)
    assert record["removed"] == removable[:1]
    full_clips, pruned_clips = clips_of(teacher), clips_of(pruned)
    pairs = PROMPTS.assign(
        pair_id=["p0", "p1"], winner=list(full_clips.table["key"]), loser=list(pruned_clips.table["key"])
    )
    reference = made(predict_reference(teacher, pruned, pairs, full_clips, pruned_clips, TRAINING))
    checkpoints = CheckpointFolderDataset(str(tmp_path / "checkpoints")).load()
    student, curve = train_student(
        teacher, pruned, pairs, full_clips, pruned_clips, reference, checkpoints, TRAINING
    )
    assert curve["loss"].notna().all()
    assert curve["gradient_norm"].gt(0).all()

    trained = saved(tmp_path / "student", student)
    again = list_units(trained, Budget(blocks_per_stage=1), PRUNING)
    assert list(again["unit"]) == [unit for unit in units["unit"] if unit != removable[0]]
    second, record = prune(trained, list(again[again["removable"]]["unit"])[:1], PRUNING)
    last = saved(tmp_path / "second", second)
    assert record["removed"] == removable[:2]
    assert [stage["stage"] for stage in record["stages"]] == [1, 2]
    assert (record["teacher"], record["teacher_name"]) == (teacher.fingerprint, f"owner/{name}")
    assert type(vip.load_pipeline(last.path)).__name__ == last.open().pipeline_class
