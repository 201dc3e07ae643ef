"""Every family trains on two processes as on one: what `torchrun` and `accelerate launch` start."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.tiny.models import TINY
from tests.tiny.pairs import train_two_steps

from vip.families.folder import ModelFolder

ROOT = Path(__file__).parents[2]
KINDS = sorted({tiny.family for tiny in TINY.values()} | {"wan_two"})
SAME_PARTS = {"micro_batch_size": 1, "gradient_clip": 0.0, "checkpoint_every": 1}
"""A step's gradient is the sum of the same parts for any number of processes."""
FolderOf = Callable[[str], Path]


@pytest.mark.long
def test_two_processes_train_every_family_as_one_does(tiny_folder_of: FolderOf, tmp_path: Path) -> None:
    train_in_two(KINDS, tiny_folder_of, tmp_path / "two", {})
    for name in KINDS:
        train_two_steps(name, tiny_folder_of(name), tmp_path / "one" / name)
        one, two = (outcome(tmp_path / count / name) for count in ("one", "two"))
        assert_like(two.curve, one.curve, rel=1e-3)
        start = ModelFolder(tiny_folder_of(name), TINY[name].family, "").open().trainable()
        assert distance(one.weights, two.weights) < 0.05 * distance(one.weights, start), name


@pytest.mark.long
def test_a_sharded_student_of_every_family_is_the_same(tiny_folder_of: FolderOf, tmp_path: Path) -> None:
    train_in_two(KINDS, tiny_folder_of, tmp_path / "sharded", SAME_PARTS | {"sharding": "fsdp"})
    for name in KINDS:
        train_two_steps(name, tiny_folder_of(name), tmp_path / "one" / name, **SAME_PARTS)
        first, same_first = (outcome(tmp_path / how / name, step=1) for how in ("one", "sharded"))
        assert distance(first.moments, same_first.moments) < 1e-5 * length(first.moments), name
        one, two = (outcome(tmp_path / how / name) for how in ("one", "sharded"))
        assert_like(two.curve, one.curve, rel=1e-3)
        assert {key: value.shape for key, value in two.weights.items()} == {
            key: value.shape for key, value in one.weights.items()
        }
        apart = [(value - two.weights[key]).abs() > 1e-6 for key, value in one.weights.items()]
        assert torch.cat([far.flatten() for far in apart]).float().mean() < 1e-3, name


@pytest.mark.long
def test_what_is_frozen_may_be_in_bfloat16_where_it_is_sharded(
    tiny_folder_of: FolderOf, tmp_path: Path
) -> None:
    """Gradients are added up in another order, which moves them less than bfloat16 does anyway."""
    name, half = "animatediff", SAME_PARTS | {"precision": "bf16"}
    train_in_two([name], tiny_folder_of, tmp_path / "sharded", half | {"sharding": "fsdp"})
    for how, settings in (("half", half), ("exact", SAME_PARTS)):
        train_two_steps(name, tiny_folder_of(name), tmp_path / how / name, **settings)
    exact, one, two = (outcome(tmp_path / how / name, step=1) for how in ("exact", "half", "sharded"))
    assert two.curve[0]["loss"] == one.curve[0]["loss"]
    rounding = distance(one.moments, exact.moments)
    assert 0 < rounding < 0.1 * length(exact.moments)
    assert distance(two.moments, one.moments) < 0.3 * rounding


def train_in_two(
    names: Sequence[str], folder_of: FolderOf, checkpoints: Path, changes: Mapping[str, Any]
) -> None:
    """Two steps of each of these models, in two processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    models = [f"{name}={folder_of(name)}" for name in names]
    subprocess.run(
        [*launcher, "-m", "tests.tiny.pairs", str(checkpoints), json.dumps(changes), *models],
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=900,
    )


def assert_like(
    curve: Sequence[Mapping[str, float]], other: Sequence[Mapping[str, float]], rel: float
) -> None:
    for row, same_row in zip(curve, other, strict=True):
        for quantity in ("loss", "gradient_norm", "dpo_gradient_norm"):
            assert row[quantity] == pytest.approx(same_row[quantity], rel=rel), (quantity, curve, other)


def distance(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """Of all weights together: single ones, whose gradients are zero but for rounding, may go either way."""
    return sum(float((value - other[name]).square().sum()) for name, value in one.items()) ** 0.5


def length(of: Mapping[str, torch.Tensor]) -> float:
    return sum(float(value.square().sum()) for value in of.values()) ** 0.5


class Outcome:
    """The weights and AdamW's first moments after some steps, and what was measured at each."""

    def __init__(self, folder: Path) -> None:
        self.weights = load_file(folder / "weights.safetensors")
        moments = load_file(folder / "optimizer.safetensors")
        self.moments = {name: value for name, value in moments.items() if name.endswith("/exp_avg")}
        self.curve = json.loads((folder / "values.json").read_text())["values"]["curve"]


def outcome(path: Path, step: int = 2) -> Outcome:
    (folder,) = path.glob(f"*/step_{step:08d}")
    return Outcome(folder)
