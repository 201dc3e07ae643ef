"""Model folders as a stranger may hand them over: what lies, is no number, or wants to be run is refused."""

import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.malicious import Malicious

from vip.errors import UserError
from vip.families.folder import ModelFolder
from vip.families.sources import read_checkpoint

PARTS = ("unet", "motion_adapter", "vae", "text_encoder")


@pytest.fixture
def folder(tiny_teacher: Path, tmp_path: Path) -> ModelFolder:
    """A copy of the tiny teacher, to be harmed."""
    shutil.copytree(tiny_teacher, tmp_path / "model")
    return ModelFolder(tmp_path / "model", "animatediff", "fingerprint")


def weights_of(folder: ModelFolder, part: str) -> Path:
    return next((folder.path / part).glob("*.safetensors"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("part", PARTS)
def test_weights_that_are_no_numbers_are_named(folder: ModelFolder, part: str, value: float) -> None:
    tensors = load_file(weights_of(folder, part))
    name = max(name for name, tensor in tensors.items() if tensor.is_floating_point())
    tensors[name].view(-1)[-1] = value
    save_file(tensors, weights_of(folder, part), metadata={"format": "pt"})
    with pytest.raises(UserError, match="holds NaN or infinity") as caught:
        folder.open()
    assert str(folder.path) in str(caught.value)
    assert name.rpartition(".")[0].rpartition(".")[2] in str(caught.value)


def longer_header(content: bytes) -> bytes:
    """The header is said to be larger than the file."""
    return struct.pack("<Q", 2**62) + content[8:]


def offsets_outside(content: bytes) -> bytes:
    """The last tensor is said to lie where the file has ended."""
    return content[:-1024]


def no_json(content: bytes) -> bytes:
    """The header is no JSON."""
    return content[:8] + b"[" + content[9:]


@pytest.mark.parametrize("lie", [longer_header, offsets_outside, no_json])
@pytest.mark.parametrize("part", PARTS)
def test_a_header_that_lies_is_refused(folder: ModelFolder, part: str, lie: Callable[[bytes], bytes]) -> None:
    victim = weights_of(folder, part)
    victim.write_bytes(lie(victim.read_bytes()))
    with pytest.raises(UserError, match="restore it from its source") as caught:
        folder.open()
    assert str(folder.path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("part", PARTS)
def test_a_pickle_in_the_place_of_safetensors_is_not_loaded(
    folder: ModelFolder, part: str, tmp_path: Path
) -> None:
    victim = weights_of(folder, part)
    for name in ("pytorch_model.bin", "diffusion_pytorch_model.bin"):
        torch.save(Malicious(tmp_path / "was run"), victim.with_name(name))
    victim.unlink()
    with pytest.raises(UserError):
        folder.open()
    assert not (tmp_path / "was run").exists()


@pytest.mark.parametrize("suffix", [".ckpt", ".pth", ".bin"])
def test_a_malicious_checkpoint_is_not_run(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    torch.save({"state_dict": {"a": torch.zeros(1)}, "hook": Malicious(tmp_path / "was run")}, path)
    with pytest.raises(UserError, match="cannot be read as a checkpoint of tensors alone"):
        read_checkpoint(path)
    assert not (tmp_path / "was run").exists()


def test_a_zip_whose_names_lead_elsewhere_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "inner" / "model.ckpt"
    path.parent.mkdir()
    torch.save({"a": torch.zeros(1)}, path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../outside", b"x")
    before = sorted(tmp_path.rglob("*"))
    try:
        assert set(read_checkpoint(path)) == {"a"}
    except UserError as error:
        assert "cannot be read as a checkpoint" in str(error)  # noqa: PT017
    assert sorted(tmp_path.rglob("*")) == before
