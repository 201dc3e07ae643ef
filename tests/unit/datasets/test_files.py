"""Files are whole or not there, and a file that is not what was written is noticed."""

import subprocess
from pathlib import Path

import pytest
from kedro.io import DatasetError

from vip.datasets import files
from vip.datasets.files import StoredDataError, is_intact, load_sealed, save_sealed, seal_of, write_atomically
from vip.errors import UserError


def test_a_sealed_file_reads_as_written_and_leaves_nothing_else(tmp_path: Path) -> None:
    save_sealed(tmp_path / "a" / "x.bin", b"content")
    assert load_sealed(tmp_path / "a" / "x.bin") == b"content"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["x.bin", "x.bin.sha256"]


def test_sha256sum_checks_a_seal(tmp_path: Path) -> None:
    save_sealed(tmp_path / "x.bin", b"content")
    subprocess.run(["sha256sum", "--check", "--strict", "x.bin.sha256"], cwd=tmp_path, check=True)


def test_the_complaint_names_the_file_both_hashes_and_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    save_sealed(path, b"content")
    path.write_bytes(b"kontent")
    with pytest.raises(UserError) as caught:
        load_sealed(path)
    message = str(caught.value)
    for part in (
        str(path),
        files.digest(b"content")[:12],
        files.digest(b"kontent")[:12],
        "delete",
        "run again",
    ):
        assert part in message
    assert "\n" not in message


def test_a_users_own_change_is_taken_once_its_seal_is_deleted(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    save_sealed(path, b"content")
    path.write_bytes(b"mine")
    seal_of(path).unlink()
    assert load_sealed(path) == b"mine"


def test_a_missing_seal_is_refused_where_one_is_required(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(b"content")
    assert is_intact(path)
    assert not is_intact(path, seal_required=True)
    with pytest.raises(UserError, match="lost its seal"):
        load_sealed(path, seal_required=True)


def test_an_empty_seal_vouches_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    save_sealed(path, b"content")
    seal_of(path).write_bytes(b"")
    assert not is_intact(path)
    with pytest.raises(UserError, match="none was written"):
        load_sealed(path)


@pytest.mark.parametrize("before", [None, b"old"])
@pytest.mark.parametrize("step", range(6))
def test_a_save_killed_at_any_step_leaves_the_old_or_the_new_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None, step: int
) -> None:
    """A save is three atomic writes; killed before or after each, what is there is intact."""
    path = tmp_path / "x.bin"
    if before is not None:
        save_sealed(path, before)
    done = 0
    real = write_atomically

    def killed(target: Path, content: bytes, *, durable: bool = True) -> None:
        nonlocal done
        if done == step:
            raise KeyboardInterrupt
        real(target, content, durable=durable)
        done += 2
        if done == step + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_atomically", killed)
    with pytest.raises(KeyboardInterrupt):
        save_sealed(path, b"new")
    monkeypatch.undo()
    assert is_intact(path) == path.exists()
    assert path.exists() or before is None
    if path.exists():
        assert load_sealed(path) == (b"new" if step >= 3 else before)
    save_sealed(path, b"new")
    assert load_sealed(path) == b"new"


def test_a_damaged_file_is_not_vouched_for_while_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.bin"
    save_sealed(path, b"content")
    path.write_bytes(b"torn")
    real = write_atomically

    def killed_at_the_file(target: Path, content: bytes, *, durable: bool = True) -> None:
        if target == path:
            raise KeyboardInterrupt
        real(target, content, durable=durable)

    monkeypatch.setattr(files, "write_atomically", killed_at_the_file)
    with pytest.raises(KeyboardInterrupt):
        save_sealed(path, b"new")
    assert not is_intact(path)


@pytest.mark.parametrize("durable", [True, False])
def test_a_write_that_fails_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    path = tmp_path / "x.bin"
    write_atomically(path, b"old", durable=durable)

    def full_disk(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(
        UserError, match=r"x\.bin cannot be written \(No space left on device\).*run the same"
    ):
        write_atomically(path, b"new", durable=durable)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["x.bin"]


def test_stored_data_errors_pass_through_kedro_as_they_are() -> None:
    assert issubclass(StoredDataError, DatasetError)
    assert issubclass(StoredDataError, UserError)


def test_only_local_paths_are_taken() -> None:
    with pytest.raises(UserError, match="s3://bucket/x is not a local path"):
        files.local_path("s3://bucket/x")


def test_a_folder_in_a_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder"):
        load_sealed(tmp_path)
