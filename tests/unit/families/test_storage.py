"""Reading and writing the files of a diffusers folder."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from vip.errors import UserError
from vip.families.storage import (
    copy_component,
    read_json,
    read_weights,
    variant_of,
    weights_file,
    write_json,
    write_weights,
)


def test_json_survives_and_its_bytes_do_not_depend_on_the_order_of_keys(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "x.json", {"b": 1, "a": [None]})
    write_json(tmp_path / "y.json", {"a": [None], "b": 1})
    assert read_json(tmp_path / "y.json") == {"a": [None], "b": 1}
    assert (tmp_path / "a" / "x.json").read_bytes() == (tmp_path / "y.json").read_bytes()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "is missing"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"[]", "holds a list"),
    ],
)
def test_bad_json_is_named(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "model_index.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"model_index\.json.*{complaint}") as raised:
        read_json(path)
    assert "\n" not in str(raised.value)


def test_weights_survive_bit_for_bit(tmp_path: Path) -> None:
    tensors = {"b": torch.randn(3, 4).T, "a": torch.tensor([1, 2])}
    write_weights(tmp_path / "unet", tensors)
    read = read_weights(tmp_path / "unet")
    assert set(read) == {"a", "b"}
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    half = torch.randn(5).half()
    save_file({"w": half}, tmp_path / "diffusion_pytorch_model.fp16.safetensors")
    assert variant_of(tmp_path) == "fp16"
    assert torch.equal(read_weights(tmp_path)["w"], half.float())


def test_full_precision_is_preferred(tmp_path: Path) -> None:
    for name in ("model.fp16.safetensors", "model.safetensors"):
        save_file({"w": torch.zeros(1)}, tmp_path / name)
    assert weights_file(tmp_path).name == "model.safetensors"
    assert variant_of(tmp_path) is None


def test_pickles_are_neither_read_nor_copied(tmp_path: Path) -> None:
    source = tmp_path / "unet"
    source.mkdir()
    (source / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (source / "config.json").write_text("{}")
    with pytest.raises(UserError, match="convert its weights to safetensors"):
        read_weights(source)
    copy_component(source, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["config.json"]


def test_truncated_weights_are_named(tmp_path: Path) -> None:
    write_weights(tmp_path, {"w": torch.zeros(100)})
    path = weights_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="diffusion_pytorch_model.safetensors is not a readable"):
        read_weights(tmp_path)
