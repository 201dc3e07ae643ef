"""Every dataset, every file it writes, every kind of damage: noticed and named, made again or refused."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.test_datasets import SPECIMENS, Specimen, expected, load_or_complaint, open_in, tree

from vip.datasets import JsonDataset, JsonFolderDataset, LazyMapDataset, ModelFolderDataset
from vip.datasets.files import save_sealed, seal_of
from vip.errors import UserError

Damage = Callable[[Path, Path], None]
"""What is done to a file; the second path is another file that the same dataset wrote."""


def truncated(file: Path, other: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def one_bit_flipped(file: Path, other: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def emptied(file: Path, other: Path) -> None:
    file.write_bytes(b"")


def replaced_by_another(file: Path, other: Path) -> None:
    shutil.copyfile(other, file)


def a_folder_in_its_place(file: Path, other: Path) -> None:
    """What no one can read, root included."""
    file.unlink()
    file.mkdir()


def a_link_to_itself(file: Path, other: Path) -> None:
    """Nor this."""
    file.unlink()
    file.symlink_to(file)


def a_link_to_another(file: Path, other: Path) -> None:
    file.unlink()
    file.symlink_to(other)


DAMAGES: dict[str, Damage] = {
    damage.__name__: damage
    for damage in (
        truncated,
        one_bit_flipped,
        emptied,
        replaced_by_another,
        a_folder_in_its_place,
        a_link_to_itself,
        a_link_to_another,
    )
}

SAME_SIZE = ("one_bit_flipped", "replaced_by_another", "a_link_to_another")
"""What `exists` may not see, for it compares sizes where there are thousands of files; loading does."""


@pytest.fixture(params=SPECIMENS)
def specimen(request: pytest.FixtureRequest) -> Specimen:
    """One kind of dataset."""
    return SPECIMENS[request.param]


def another(name: str, files: dict[str, bytes]) -> str:
    """A file with other content, of the same kind where there is one."""
    others = [other for other in files if files[other] != files[name]]
    return next((other for other in others if Path(other).suffix == Path(name).suffix), others[0])


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_never_used_silently(
    specimen: Specimen, damage: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Loading says which file it is, and the next save makes it again or says what is in its way."""
    whole = expected(specimen, 1, tmp_path)
    dataset, files = open_in(tmp_path, specimen), tree(tmp_path)
    record_property("tries", len(files))
    for name in files:
        victim = tmp_path / name
        DAMAGES[damage](victim, tmp_path / another(name, files))
        loaded, complaint = load_or_complaint(dataset, specimen)
        if complaint:
            assert victim.name.removesuffix(".sha256") in complaint
            assert "run again" in complaint
            assert "\n" not in complaint
        else:  # an item is checked against the manifest, so its own seal may suffer
            assert name.endswith(".sha256")
            assert loaded == whole
        assert damage in SAME_SIZE or name.endswith(".sha256") or not dataset.exists()
        _mend(dataset, specimen, victim)
        assert tree(tmp_path) == files
        assert not victim.is_symlink()


def _mend(dataset: Any, specimen: Specimen, victim: Path) -> None:
    """Save again; a folder in a file's way is refused by name, and then moved away as the line says."""
    if victim.is_dir() and not inside_a_folder(victim):
        with pytest.raises(UserError, match=rf"{victim} is a folder.*move it away"):
            dataset.save(specimen.value(1))
        victim.rmdir()
    dataset.save(specimen.value(1))


def inside_a_folder(victim: Path) -> bool:
    """Whether the file belongs to a dataset that replaces its folder as a whole."""
    return any((folder / "index.json").exists() for folder in victim.parents) or victim.name == "index.json"


def test_a_file_that_moved_to_another_disk_is_read_through_its_link_and_never_written_through(
    specimen: Specimen, tmp_path: Path
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    whole, elsewhere_files = expected(specimen, 1, home), {}
    elsewhere.mkdir()
    for number, (name, content) in enumerate(tree(home).items()):
        moved = elsewhere / str(number)
        (home / name).rename(moved)
        (home / name).symlink_to(moved)
        elsewhere_files[moved] = content
    dataset = open_in(home, specimen)
    assert specimen.plain(dataset.load()) == whole
    dataset.save(specimen.value(2))
    assert {moved: moved.read_bytes() for moved in elsewhere_files} == elsewhere_files
    assert specimen.plain(dataset.load()) == expected(specimen, 2, tmp_path / "fresh")


def test_a_planted_link_under_a_drafts_name_is_not_written_through(tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.write_text("mine")
    for name in (".t.json.tmp", ".t.json.sha256.tmp"):
        (tmp_path / name).symlink_to(treasure)
    save_sealed(tmp_path / "t.json", b"{}")
    assert treasure.read_text() == "mine"


def test_a_folder_that_is_a_link_is_replaced_and_its_target_left_alone(tmp_path: Path) -> None:
    specimen, target = SPECIMENS["model"], tmp_path / "target"
    expected(specimen, 1, tmp_path)
    (tmp_path / "model").rename(target)
    (tmp_path / "model").symlink_to(target)
    before = tree(target)
    for version in (2, 1):
        open_in(tmp_path, specimen).save(specimen.value(version))
        assert tree(target) == before
        assert not (tmp_path / "model").is_symlink()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "target"]


def test_a_seal_of_another_file_vouches_for_nothing(tmp_path: Path) -> None:
    for name in ("a.json", "b.json"):
        save_sealed(tmp_path / name, f'"{name}"'.encode())
    shutil.copyfile(tmp_path / "b.json", tmp_path / "a.json")
    shutil.copyfile(seal_of(tmp_path / "b.json"), seal_of(tmp_path / "a.json"))
    with pytest.raises(UserError, match=r"a\.json is damaged or was altered"):
        JsonDataset(str(tmp_path / "a.json")).load()


@pytest.mark.parametrize("key", ["../../secret", "/secret", "a/b", "", 7])
def test_a_manifest_whose_keys_lead_elsewhere_is_refused(tmp_path: Path, key: object) -> None:
    import pandas as pd

    manifest = pd.DataFrame({"key": [key], "sha256": ["0" * 64], "bytes": [1]})
    save_sealed(tmp_path / "items.parquet", manifest.to_parquet(index=False))
    dataset = LazyMapDataset(str(tmp_path / "items.parquet"), store=str(tmp_path), codec="row")
    assert not dataset.exists()
    with pytest.raises(UserError, match=r"items\.parquet is no manifest"):
        dataset.load()


def test_a_sealed_file_that_is_no_table_is_no_manifest(tmp_path: Path) -> None:
    save_sealed(tmp_path / "items.parquet", b"no table at all")
    dataset = LazyMapDataset(str(tmp_path / "items.parquet"), store=str(tmp_path), codec="row")
    with pytest.raises(UserError, match=r"items\.parquet is no manifest"):
        dataset.load()


@pytest.mark.parametrize("name", ["../outside.json", "/etc/hostname"])
def test_an_index_that_lists_files_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    import json

    from vip.hashing import content_hash

    folder = tmp_path / "model"
    folder.mkdir()
    index = {"family": "animatediff", "fingerprint": "x", "files": {name: {"sha256": "0", "bytes": 0}}}
    index["seal"] = content_hash(index)
    (folder / "index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"index\.json is damaged or was altered"):
        ModelFolderDataset(str(folder)).load()


def test_weights_that_someone_put_beside_the_listed_ones_are_refused(tmp_path: Path) -> None:
    expected(SPECIMENS["model"], 1, tmp_path)
    (tmp_path / "model" / "README.md").write_text("what a person may add")
    ModelFolderDataset(str(tmp_path / "model")).load()
    stranger = tmp_path / "model" / "unet" / "model.safetensors"
    stranger.write_bytes(b"weights")
    with pytest.raises(UserError, match=rf"{stranger} is not in index\.json"):
        ModelFolderDataset(str(tmp_path / "model")).load()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_vote_that_is_not_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ann.json").write_bytes(content)
    with pytest.raises(UserError, match=r"ann\.json is not valid JSON"):
        JsonFolderDataset(str(tmp_path)).load()


def test_a_vote_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "ann.json").mkdir()
    for read in (JsonFolderDataset(str(tmp_path)).load, JsonFolderDataset(str(tmp_path)).fingerprint):
        with pytest.raises(UserError, match=r"ann\.json is a folder"):
            read()
