"""Every file that a seal vouches for is checked, whatever dataset wrote it."""

import subprocess

import pandas as pd
import pytest

from vip.datasets import JsonDataset, LazyMapDataset
from vip.datasets.seals import complaints, seals_in
from vip.types import LazyMap


@pytest.fixture
def folder(tmp_path):
    """A sealed file and two items of a store."""
    JsonDataset(str(tmp_path / "deep" / "value.json")).save([1, 2])
    items = LazyMap(
        pd.DataFrame({"key": ["aa", "bb"]}), lambda keys: [{"key": key} for key in keys], 2, "items"
    )
    LazyMapDataset(str(tmp_path / "items.parquet"), str(tmp_path / "store"), "row").save(items)
    return tmp_path


def all_complaints(folder) -> list[str]:
    return [complaint for seal in seals_in(folder) for complaint in complaints(seal)]


def test_what_was_written_gives_no_complaint(folder):
    names = [seal.relative_to(folder).as_posix() for seal in seals_in(folder)]
    assert names == ["deep/value.json.sha256", "items.parquet.sha256", "store/aa.sha256", "store/bb.sha256"]
    assert all_complaints(folder) == []


@pytest.mark.parametrize("name", ["deep/value.json", "items.parquet", "store/aa.json"])
def test_a_changed_file_is_named_with_both_hashes(folder, name):
    with (folder / name).open("ab") as file:
        file.write(b" ")
    (complaint,) = all_complaints(folder)
    found = subprocess.run(["sha256sum", folder / name], capture_output=True, text=True, check=True).stdout
    assert str(folder / name) in complaint
    assert found[:12] in complaint


def test_a_missing_file_and_an_empty_seal_are_named(folder):
    (folder / "store" / "bb.json").unlink()
    (folder / "items.parquet.sha256").write_text("")
    table, item = all_complaints(folder)
    assert "items.parquet.sha256 is empty or damaged" in table
    assert "bb.json is missing" in item


def test_a_file_that_was_being_replaced_may_be_the_old_or_the_new_one(folder):
    seal = folder / "deep" / "value.json.sha256"
    old = seal.read_text()
    seal.write_text(f"{old}{'0' * 64}  value.json\n")
    assert all_complaints(folder) == []


def test_a_seal_cannot_point_out_of_its_folder(folder):
    (folder / "deep" / "evil.sha256").write_text(f"{'0' * 64}  ../../outside\n")
    (complaint,) = all_complaints(folder)
    assert str(folder / "deep" / "outside") in complaint


def test_hidden_folders_are_left_out(folder):
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x.sha256").write_text("")
    assert all_complaints(folder) == []
