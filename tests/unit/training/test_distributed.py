"""Two processes, as torchrun begins them, train as one does, sharded or not, also with uneven batches."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from tests.forked import forked_together
from tests.unit.training.conftest import TinyFamily, tiny_world

from vip.losses.methods import OF_WINNERS
from vip.training.optimisation import Optimisation
from vip.training.train import train

CHANGES = {"epochs": 1, "batch_size": 6, "sft_weight": "auto", "gradient_clip": 0.1, "ema_decay": 0.5}
"""Seven pairs: a batch of six, and one of a single pair, of which the second process gets none."""
SHARDED = CHANGES | {"sharding": "fsdp"}
AT_FIRST = {"gradient_norm_every": 100}
"""Norms are measured in the first step alone; after it, methods of winners learn nothing from losers."""
BESIDE = CHANGES | AT_FIRST | {"method": "feature_distillation", "micro_batch_size": 2}
"""Each process has a teacher of its own beside the student, and micro-batches, the last of none."""


def in_two_processes(program: Callable[..., None], folder: Path, *arguments: Any) -> None:
    """Let two processes, which know their rank, do this in a world that stands in this folder."""
    assert forked_together(2, program, folder, *arguments) == [0, 0]


def train_there(folder: Path, changes: dict[str, Any]) -> None:
    trained = tiny_world(folder).train(**changes)
    if os.environ["RANK"] == "0":
        student = trained.family.trainable()
        save_file({name: value.detach() for name, value in student.items()}, folder / "student")


@pytest.mark.slow
@pytest.mark.parametrize("changes", [CHANGES, SHARDED, BESIDE], ids=["whole", "sharded", "beside"])
def test_two_processes_train_as_one(world, tmp_path, changes) -> None:
    expected = world.train(**changes).family.trainable()
    two = tmp_path / "two"
    two.mkdir()
    in_two_processes(train_there, two, changes)
    assert_same(load_file(two / "student"), expected)
    for group in ("weights", "optimizer", "averages"):
        assert_same(checkpoint(two, 2, group), checkpoint(tmp_path, 2, group))


def count_rows(folder: Path, changes: dict[str, Any]) -> None:
    world = tiny_world(folder)
    moving = Optimisation(world.pruned.open(), world.settings(**changes), Accelerator(cpu=True))
    frozen: Any = moving.denoiser.spatial.weight
    held: list[Any] = [*moving.parameters.values(), *moving._averages.values(), frozen]
    rows = [len(tensor.to_local()) for tensor in held]
    (folder / os.environ["RANK"]).write_text(json.dumps(rows))


@pytest.mark.slow
def test_each_of_two_processes_holds_half(tmp_path) -> None:
    in_two_processes(count_rows, tmp_path, SHARDED)
    rows = [json.loads((tmp_path / rank).read_text()) for rank in "01"]
    assert rows == [[2, 2, 2, 2, 1], [1, 1, 1, 1, 1]]


MORE = {"epochs": 1, "batch_size": 3, "ema_decay": 0.5, "micro_batch_size": 1, "checkpoint_every": 1}
"""Three steps."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "method"),
    [("alone", {"method": "redpo"}), ("sharded", AT_FIRST | {"method": "sft"})],
    ids=["alone", "sharded"],
)
def test_a_training_goes_on_sharded_or_not(world, tmp_path, first, method) -> None:
    changes = MORE | method
    expected = world.train(**changes).family.trainable()
    ours = checkpoint(tmp_path, 3, "weights"), checkpoint(tmp_path, 3, "optimizer")
    other = tmp_path / "other"
    other.mkdir()
    sharded = changes | {"sharding": "fsdp"}
    if first == "sharded":
        in_two_processes(train_there, other, sharded)
    else:
        (run,) = world.checkpoints.path.iterdir()
        copied = other / "checkpoints" / run.name
        copied.parent.mkdir()
        run.rename(copied)
    (run,) = (other / "checkpoints").iterdir()
    (run / "step_00000003").rename(tmp_path / "gone")
    assert [path.name for path in run.iterdir()] == ["step_00000002"]
    if first == "sharded":
        student = world.train(type(world.checkpoints)(other / "checkpoints"), **changes).family.trainable()
    else:
        in_two_processes(train_there, other, sharded)
        student = load_file(other / "student")
    assert_same(student, expected)
    for group, tensors in zip(("weights", "optimizer"), ours, strict=True):
        assert_same(checkpoint(other, 3, group), tensors)
    curve = json.loads((run / "step_00000003" / "values.json").read_text())["values"]["curve"]
    assert [row["step"] for row in curve] == [1, 2, 3]


def train_and_be_signalled(folder: Path, changes: dict[str, Any]) -> None:
    """The second process gets a SIGTERM in its second step."""
    rank, world = os.environ["RANK"], tiny_world(folder)
    calls: list[int] = []

    def leave(number: int, frame: object) -> None:
        raise SystemExit(7)

    def prepare(family: TinyFamily) -> None:
        def before_predict() -> None:
            calls.append(1)
            if rank == "1" and len(calls) == 2:
                signal.raise_signal(signal.SIGTERM)

        family.before_predict = before_predict

    world.pruned.prepare = prepare
    signal.signal(signal.SIGTERM, leave)
    try:
        world.train(**changes)
    except SystemExit as stopped:
        (folder / rank).write_text(f"{stopped.code} after {len(calls)} calls")


@pytest.mark.slow
def test_a_signal_to_one_process_stops_all_after_one_step(world, tmp_path) -> None:
    changes = {"epochs": 1, "batch_size": 2, "checkpoint_every": 100, "sharding": "fsdp"}
    in_two_processes(train_and_be_signalled, tmp_path, changes)
    assert [(tmp_path / rank).read_text() for rank in "01"] == ["7 after 2 calls"] * 2
    (run,) = (tmp_path / "checkpoints").iterdir()
    assert [path.name for path in run.iterdir()] == ["step_00000002"]
    in_two_processes(train_there, tmp_path, changes)
    expected = world.train(type(world.checkpoints)(tmp_path / "other"), **changes).family.trainable()
    assert_same(load_file(tmp_path / "student"), expected)


def train_on_a_broken_clip(folder: Path, changes: dict[str, Any]) -> None:
    world = tiny_world(folder)
    settings = world.settings(**changes)
    references = world.predictions(settings)
    world.clips.full["full3"].latents.fill_(float("nan"))
    try:
        train(world.pruned, world.teacher, world.pairs, world.clips, references, world.checkpoints, settings)
    except ValueError as error:
        (folder / f"told_by_{os.environ['RANK']}").write_text(str(error))


@pytest.mark.slow
@pytest.mark.parametrize(("method", "sharding"), [("redpo", "none"), ("sft", "none"), ("redpo", "fsdp")])
def test_two_processes_stop_together_and_name_the_same_pair(tmp_path, method, sharding) -> None:
    changes = {"method": method, "epochs": 1, "batch_size": 2, "checkpoint_every": 1, "sharding": sharding}
    changes |= AT_FIRST if method in OF_WINNERS else {}
    in_two_processes(train_on_a_broken_clip, tmp_path, changes)
    told = [(tmp_path / f"told_by_{rank}").read_text() for rank in (0, 1)]
    assert told[0] == told[1]
    found = re.match(r"step (\d+): the loss is nan, nothing was updated .*; pairs: pair3\); ", told[0])
    assert found, told[0]
    kept = sorted(tmp_path.glob("checkpoints/*/step_*"))
    done = int(found[1]) - 1
    assert [int(path.name[-8:]) for path in kept][-1:] == ([done] if done else [])


def test_one_process_has_nobody_to_share_with(world, tmp_path) -> None:
    alone = world.train(**CHANGES).family.trainable()
    again = world.train(type(world.checkpoints)(tmp_path / "again"), **SHARDED).family.trainable()
    assert all(torch.equal(value, again[name]) for name, value in alone.items())


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-6)


def checkpoint(folder: Path, step: int, group: str) -> dict[str, torch.Tensor]:
    (found,) = folder.glob(f"checkpoints/*/step_{step:08d}")
    return load_file(found / f"{group}.safetensors")
