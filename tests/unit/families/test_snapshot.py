"""Which model a reward is: what the tables say, and what may not pass for something else."""

import shutil

import pytest
from httpx2 import HTTPError
from huggingface_hub.errors import HFValidationError

from vip.errors import UserError
from vip.families.snapshot import snapshot_of


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "MyModel"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_a_folder_is_its_files(folder, tmp_path):
    snapshot = snapshot_of(str(folder), None)
    assert snapshot.folder == folder
    assert str(snapshot) == f"MyModel@{snapshot.revision}"
    assert snapshot.revision.startswith("sha256:")
    moved = snapshot_of(str(shutil.copytree(folder, tmp_path / "elsewhere")), None)
    assert moved.revision == snapshot.revision
    (folder / "model.safetensors").write_bytes(b"other weights")
    assert snapshot_of(str(folder), None).revision != snapshot.revision


def test_a_snapshot_in_the_hubs_cache_is_its_commit(folder, tmp_path):
    cached = tmp_path / "models--TIGER-Lab--VideoScore" / "snapshots" / "0123abcd"
    shutil.copytree(folder, cached)
    assert str(snapshot_of(str(cached), None)) == "TIGER-Lab/VideoScore@0123abcd"


def test_a_name_on_the_hub_is_asked_for_at_its_revision(folder, tmp_path, monkeypatch):
    cached = tmp_path / "models--owner--name" / "snapshots" / "feed"
    shutil.copytree(folder, cached)
    asked = []

    def snapshot_download(name, revision, allow_patterns):
        asked.append((name, revision))
        return str(cached)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assert str(snapshot_of("owner/name", "v1")) == "owner/name@feed"
    assert asked == [("owner/name", "v1")]


def test_what_is_no_model_is_refused(folder, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="MyModel is a folder here, .*leave revision 'main' out"):
        snapshot_of(str(folder), "main")
    with pytest.raises(UserError, match=r"config.json is a file; give the folder"):
        snapshot_of(str(folder / "config.json"), None)
    with pytest.raises(UserError, match="no name on the hub"):
        snapshot_of(str(tmp_path / "nothing"), None)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty holds no model"):
        snapshot_of(str(tmp_path / "empty"), None)


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("no network"),
        HTTPError("the connection was closed in the middle of a file"),
        HFValidationError("Repo id must not end in .git"),
    ],
)
def test_what_the_hub_cannot_give_is_told_in_one_line(monkeypatch, error):
    def failing(*args, **options):
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", failing)
    told = rf"cannot be had from the hub .{type(error).__name__}.; download it first"
    with pytest.raises(UserError, match=told):
        snapshot_of("owner/name", None)
