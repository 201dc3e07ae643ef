"""Checkpoints are whole or absent, verified, and each run's own."""

import hashlib
import json
import logging
import signal
from collections import Counter
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tests.forked import forked

from vip import faults
from vip.errors import UserError
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
    assert [folder.latest(run).step for run in ("one", "two")] == [3, 13]


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-2] ^= 1
    file.write_bytes(bytes(content))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def empty_json(file: Path) -> None:
    file.write_text("{}")


def replace_by_another(file: Path) -> None:
    """By the same file of the checkpoint before."""
    file.write_bytes((file.parent.with_name("step_00000001") / file.name).read_bytes())


def put_a_folder_there(file: Path) -> None:
    file.unlink()
    file.mkdir()


def link_to_itself(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


DAMAGES = [
    truncate,
    flip_a_bit,
    empty,
    empty_json,
    replace_by_another,
    put_a_folder_there,
    link_to_itself,
    Path.unlink,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "name", ["weights.safetensors", "optimizer.safetensors", "values.json", "complete.json"]
)
def test_a_damaged_checkpoint_is_named_passed_over_and_replaced(folder, caplog, damage, name) -> None:
    folder.save(checkpoint(1))
    newest = folder.save(checkpoint(2))
    whole = {file.name: file.read_bytes() for file in newest.iterdir()}
    damage(newest / name)
    with caplog.at_level(logging.WARNING):
        found = folder.latest("run")
    assert found is not None
    assert found.step == 1
    assert str(newest) in caplog.text
    assert "damaged" in caplog.text
    assert folder.last_good("run") == str(newest.with_name("step_00000001"))
    folder.save(checkpoint(2))
    assert {file.name: file.read_bytes() for file in newest.iterdir()} == whole


@pytest.mark.parametrize("place", [Path.touch, lambda path: path.symlink_to(path)])
def test_what_is_no_folder_is_passed_over_and_replaced(folder, place) -> None:
    folder.save(checkpoint(1))
    place(folder.path / "run" / "step_00000002")
    (folder.path / "run" / "step_two").mkdir()
    found = folder.latest("run")
    assert found is not None
    assert found.step == 1
    folder.save(checkpoint(2))
    assert folder.latest("run").step == 2


def lie(path: Path, name: str, content: bytes) -> None:
    """Put other content into a checkpoint, and its hash into the marker."""
    (path / name).write_bytes(content)
    hashes = json.loads((path / "complete.json").read_text())
    hashes[name] = hashlib.sha256(content).hexdigest()
    (path / "complete.json").write_text(json.dumps(hashes))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("weights.safetensors", b"\xff" * 64),
        ("weights.safetensors", (2**62).to_bytes(8, "little") + b"{}"),
        ("weights.safetensors", safetensors.torch.save({"a": torch.tensor([1.0, float("nan")])})),
        ("values.json", b"[]"),
        ("values.json", b"{}"),
        ("values.json", b"{"),
        ("../outside", b""),
    ],
    ids=["no safetensors", "header lie", "NaN", "list", "empty", "torn", "path"],
)
def test_what_was_forged_with_its_hash_is_passed_over_too(folder, caplog, name, content) -> None:
    folder.save(checkpoint(1))
    newest = folder.save(checkpoint(2))
    lie(newest, name, content)
    found = folder.latest("run")
    assert found is not None
    assert found.step == 1
    assert str(newest) in caplog.text


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_kept(folder, value) -> None:
    folder.save(checkpoint(1))
    bad = Checkpoint("run", 2, {"weights": {"motion": torch.tensor([1.0, value])}}, {})
    with pytest.raises(UserError, match="step 2: weights motion is not finite"):
        folder.save(bad)
    assert [path.name for path in (folder.path / "run").iterdir()] == ["step_00000001"]


def test_the_last_good_one_outlives_any_number_of_damaged_ones(folder) -> None:
    folder.save(checkpoint(1))
    truncate(folder.save(checkpoint(2)) / "values.json")
    truncate(folder.save(checkpoint(3)) / "values.json")
    assert folder.latest("run").step == 1
    folder.save(checkpoint(4))
    assert [path.name for path in sorted((folder.path / "run").iterdir())] == [
        "step_00000001",
        "step_00000004",
    ]


def test_a_good_one_of_the_same_step_is_never_taken_away(folder, monkeypatch) -> None:
    path = folder.save(checkpoint(1))
    before = path.stat().st_ino
    folder.save(checkpoint(1))
    assert path.stat().st_ino == before


POINTS = sorted(point for point in faults.POINTS if point.startswith("checkpoint."))


@pytest.mark.parametrize("point", POINTS)
def test_where_the_disk_is_full_the_one_before_stays_and_one_line_says_so(folder, monkeypatch, point) -> None:
    folder.save(checkpoint(1))
    monkeypatch.setattr(faults, "_passed", Counter())
    monkeypatch.setenv(faults.VARIABLE, f"full:{point}")
    with pytest.raises(Exception, match="No space left on device") as caught:
        folder.save(checkpoint(2))
    monkeypatch.delenv(faults.VARIABLE)
    if "inside" in point or ("before_" in point and "rotation" not in point):
        assert isinstance(caught.value, UserError)
        assert "run the same command again" in str(caught.value)
        assert str(folder.path / "run" / "step_00000001") in str(caught.value)
    assert not list(folder.path.glob("run/.writing-*"))
    assert folder.latest("run") is not None
    folder.save(checkpoint(2))
    assert folder.latest("run").step == 2


def save_the_second(path: Path) -> None:
    CheckpointFolder(path).save(checkpoint(2))


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_in_a_save_the_one_before_or_the_new_one_is_good(folder, point) -> None:
    folder.save(checkpoint(1))
    assert forked(save_the_second, folder.path, VIP_FAULT=f"kill:{point}") == -signal.SIGKILL
    assert folder.latest("run").step in (1, 2)
    folder.save(checkpoint(2))
    assert {path.name for path in (folder.path / "run").iterdir()} == {"step_00000001", "step_00000002"}


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
