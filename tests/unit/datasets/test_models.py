"""Model folders are swapped whole, checked file by file, and known by what they hold."""

import json
from pathlib import Path

import pytest
import torch

from vip.datasets import ModelFolderDataset
from vip.datasets.models import fingerprint
from vip.errors import UserError
from vip.families.base import VideoFamily


def test_a_real_model_comes_back_with_every_weight(tiny_model: VideoFamily, tmp_path: Path) -> None:
    dataset = ModelFolderDataset(filepath=str(tmp_path / "student"))
    dataset.save(tiny_model)
    folder = dataset.load()
    assert (folder.path, folder.family) == (tmp_path / "student", "animatediff")
    weights = tiny_model.denoiser.state_dict()
    reopened = folder.open().denoiser.state_dict()
    assert list(reopened) == list(weights)
    assert all(torch.equal(reopened[name], weights[name]) for name in weights)


def test_a_downloaded_folder_is_known_by_its_contents(tiny_teacher: Path) -> None:
    dataset = ModelFolderDataset(filepath=str(tiny_teacher))
    assert dataset.exists()
    folder = dataset.load()
    assert folder.family == "animatediff"
    assert folder == dataset.load()


def test_a_folder_says_which_model_it_is(tiny_teacher: Path) -> None:
    stated = ModelFolderDataset(filepath=str(tiny_teacher), source="owner/model").load()
    unstated = ModelFolderDataset(filepath=str(tiny_teacher)).load()
    assert (stated.source, unstated.source) == ("owner/model", tiny_teacher.name)
    assert stated.fingerprint == unstated.fingerprint


def _downloaded(folder: Path) -> ModelFolderDataset:
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text('{"_class_name": "AnimateDiffPipeline"}')
    (folder / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"weights")
    return ModelFolderDataset(filepath=str(folder))


@pytest.mark.parametrize(
    ("name", "matters"),
    [
        ("unet/config.json", True),
        ("tokenizer/merges.txt", True),
        ("README.md", False),
        (".cache/huggingface/x.json", False),
        ("unet/model.bin", False),
    ],
)
def test_a_fingerprint_depends_on_what_is_loaded(tmp_path: Path, name: str, matters: bool) -> None:
    dataset = _downloaded(tmp_path / "model")
    before = dataset.load().fingerprint
    added = tmp_path / "model" / name
    added.parent.mkdir(parents=True, exist_ok=True)
    added.write_text("{}")
    assert (dataset.load().fingerprint != before) == matters


def test_a_fingerprint_ignores_the_order_of_files() -> None:
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1", "b": "2"}) != fingerprint({"a": "2", "b": "1"})


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="model does not exist"):
        ModelFolderDataset(filepath=str(tmp_path / "model")).load()
    (tmp_path / "model").mkdir()
    assert not ModelFolderDataset(filepath=str(tmp_path / "model")).exists()
    with pytest.raises(UserError, match=r"holds no model_index\.json"):
        ModelFolderDataset(filepath=str(tmp_path / "model")).load()
    (tmp_path / "model" / "model_index.json").write_text("{")
    with pytest.raises(UserError, match=r"model_index\.json is not valid JSON"):
        ModelFolderDataset(filepath=str(tmp_path / "model")).load()
    (tmp_path / "model" / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(UserError, match="model: pipeline class 'FluxPipeline'"):
        ModelFolderDataset(filepath=str(tmp_path / "model")).load()


def test_an_index_lists_every_file_with_its_hash(tiny_model: VideoFamily, tmp_path: Path) -> None:
    ModelFolderDataset(filepath=str(tmp_path / "student")).save(tiny_model)
    index = json.loads((tmp_path / "student" / "index.json").read_text())
    files = {
        p.relative_to(tmp_path / "student").as_posix()
        for p in (tmp_path / "student").rglob("*")
        if p.is_file()
    }
    assert set(index["files"]) == files - {"index.json"}
    assert index["family"] == "animatediff"


def test_a_replacement_killed_between_its_renames_is_undone(tmp_path: Path) -> None:
    dataset = _downloaded(tmp_path / "model")
    before = dataset.load()
    (tmp_path / "model").rename(tmp_path / ".model.old")
    assert dataset.exists()
    assert dataset.load() == before
