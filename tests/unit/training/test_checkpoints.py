"""Checkpoints are whole or absent, verified, and each run's own."""

import json
import logging
from pathlib import Path

import pytest
import torch

from vip.training.checkpoints import Checkpoint, CheckpointFolder


def checkpoint(step: int, run: str = "run") -> Checkpoint:
    generator = torch.Generator().manual_seed(step)
    weights = {
        "motion.weight": torch.randn(3, 4, generator=generator),
        "motion.bias": torch.tensor([float(step)]),
    }
    moments = {
        "motion.weight/exp_avg": torch.randn(3, 4, generator=generator).t(),
        "motion.weight/step": torch.tensor(2.0),
    }
    return Checkpoint(
        run, step, {"weights": weights, "optimizer": moments}, {"curve": [{"loss": 0.1 + step}, {"x": None}]}
    )


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def test_nothing_is_found_where_nothing_was_saved(folder: CheckpointFolder) -> None:
    assert folder.latest("run") is None
    assert folder.last_good("run") == "none yet"
    assert not folder.path.exists()


def test_what_was_saved_comes_back_bit_for_bit(folder: CheckpointFolder) -> None:
    saved = checkpoint(7)
    path = folder.save(saved)
    found = folder.latest("run")
    assert found is not None
    assert (found.run, found.step, found.values) == ("run", 7, saved.values)
    assert {group: set(tensors) for group, tensors in found.tensors.items()} == {
        group: set(tensors) for group, tensors in saved.tensors.items()
    }
    for group, tensors in saved.tensors.items():
        for name, tensor in tensors.items():
            assert torch.equal(found.tensors[group][name], tensor)
    assert folder.last_good("run") == str(path)


def test_a_damaged_checkpoint_is_not_called_good(folder: CheckpointFolder) -> None:
    good, damaged = folder.save(checkpoint(7)), folder.save(checkpoint(8))
    (damaged / "weights.safetensors").write_bytes(b"torn")
    assert folder.last_good("run") == str(good)
    (good / "complete.json").unlink()
    assert folder.last_good("run") == "none yet"


def test_nothing_is_pickled(folder: CheckpointFolder) -> None:
    files = {file.name for file in folder.save(checkpoint(1)).iterdir()}
    assert files == {"weights.safetensors", "optimizer.safetensors", "values.json", "complete.json"}


def test_the_last_two_are_kept(folder: CheckpointFolder) -> None:
    for step in (9, 10, 11, 100):
        folder.save(checkpoint(step))
    assert [path.name for path in sorted((folder.path / "run").iterdir())] == [
        "step_00000011",
        "step_00000100",
    ]


def test_runs_do_not_touch_each_other(folder: CheckpointFolder) -> None:
    for step in (1, 2, 3):
        folder.save(checkpoint(step, "one"))
        folder.save(checkpoint(step + 10, "two"))
    assert folder.latest("three") is None
    assert [folder.latest(run).step for run in ("one", "two")] == [3, 13]  # type: ignore[union-attr]


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(bytes(content))


def empty_json(file: Path) -> None:
    file.write_text("{}")


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, Path.unlink, empty_json])
@pytest.mark.parametrize(
    "name", ["weights.safetensors", "optimizer.safetensors", "values.json", "complete.json"]
)
def test_a_damaged_checkpoint_is_named_and_passed_over(folder, caplog, damage, name) -> None:
    folder.save(checkpoint(1))
    newest = folder.save(checkpoint(2))
    damage(newest / name)
    with caplog.at_level(logging.WARNING):
        found = folder.latest("run")
    assert found is not None
    assert found.step == 1
    assert str(newest) in caplog.text
    assert "damaged" in caplog.text


def test_where_all_are_damaged_there_is_none(folder: CheckpointFolder) -> None:
    for step in (1, 2):
        truncate(folder.save(checkpoint(step)) / "weights.safetensors")
    assert folder.latest("run") is None


def test_a_damaged_checkpoint_goes_when_it_is_overtaken(folder: CheckpointFolder) -> None:
    folder.save(checkpoint(1))
    truncate(folder.save(checkpoint(4)) / "weights.safetensors")
    folder.save(checkpoint(2))
    assert [path.name for path in sorted((folder.path / "run").iterdir())] == [
        "step_00000001",
        "step_00000002",
    ]
    folder.save(checkpoint(2))
    found = folder.latest("run")
    assert found is not None
    assert found.step == 2


@pytest.mark.parametrize("killed_at", ["safetensors.torch.save_file", "pathlib.Path.rename", "json.dumps"])
def test_a_save_that_is_killed_leaves_the_one_before(folder, monkeypatch, killed_at) -> None:
    folder.save(checkpoint(1))

    def kill(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(killed_at, kill)
        with pytest.raises(KeyboardInterrupt):
            folder.save(checkpoint(2))
    found = folder.latest("run")
    assert found is not None
    assert found.step == 1
    folder.save(checkpoint(2))
    assert {path.name for path in (folder.path / "run").iterdir()} == {"step_00000001", "step_00000002"}


def test_a_checkpoint_under_another_run_s_name_is_not_used(folder: CheckpointFolder, caplog) -> None:
    path = folder.save(checkpoint(1, "one"))
    (folder.path / "two").mkdir()
    path.rename(folder.path / "two" / path.name)
    assert folder.latest("two") is None
    assert "of run one" in caplog.text


def test_the_marker_lists_every_file(folder: CheckpointFolder) -> None:
    path = folder.save(checkpoint(1))
    listed = json.loads((path / "complete.json").read_text())
    assert set(listed) == {file.name for file in path.iterdir()} - {"complete.json"}
