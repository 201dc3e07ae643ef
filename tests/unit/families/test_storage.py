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
    weights_files,
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


@pytest.mark.parametrize(("variant", "dtype"), [("fp16", torch.float16), ("bf16", torch.bfloat16)])
def test_half_precision_is_read_as_float32(tmp_path: Path, variant: str, dtype: torch.dtype) -> None:
    half = torch.randn(5).to(dtype)
    save_file({"w": half}, tmp_path / f"diffusion_pytorch_model.{variant}.safetensors")
    assert variant_of(tmp_path) == variant
    assert torch.equal(read_weights(tmp_path)["w"], half.float())


@pytest.mark.parametrize("variant", [None, "fp16", "bf16"])
def test_what_diffusers_saves_in_shards_is_read_as_what_it_saves_in_one_file(
    tmp_path: Path, variant: str | None
) -> None:
    from diffusers import UNet2DModel

    model = UNet2DModel(8, block_out_channels=(8, 8), down_block_types=("DownBlock2D",) * 2,
                        up_block_types=("UpBlock2D",) * 2, norm_num_groups=4)  # fmt: skip
    model.save_pretrained(tmp_path / "whole", variant=variant)
    model.save_pretrained(tmp_path / "shards", variant=variant, max_shard_size="10KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    whole, shards = (read_weights(tmp_path / name) for name in ("whole", "shards"))
    assert whole.keys() == shards.keys() == model.state_dict().keys()
    assert all(torch.equal(whole[name], shards[name]) for name in whole)
    assert variant_of(tmp_path / "shards") == variant
    assert {path.name for path in weights_files(tmp_path / "shards")[1]} == {
        path.name for path in (tmp_path / "shards").iterdir() if path.name != "config.json"
    }


@pytest.mark.parametrize(
    ("index", "complaint"),
    [
        ({"w": "gone.safetensors"}, "names gone.safetensors, which is missing"),
        ({"w": "model.bin"}, "names model.bin, which is missing or no safetensors"),
        ({"w": "../model.safetensors"}, "does not name files beside it"),
        ({"w": 1}, "does not name files beside it"),
        ({}, "does not name files beside it"),
        (None, "does not name files beside it"),
    ],
)
def test_an_index_that_cannot_be_followed_is_refused(tmp_path: Path, index: object, complaint: str) -> None:
    component = tmp_path / "unet"
    save_file({"w": torch.zeros(1)}, tmp_path / "model.safetensors")
    write_json(component / "model.safetensors.index.json", {"weight_map": index})
    (component / "model.bin").write_bytes(b"pickle")
    with pytest.raises(UserError, match=complaint):
        read_weights(component)


def test_full_precision_is_preferred(tmp_path: Path) -> None:
    for name in ("model.fp16.safetensors", "model.safetensors"):
        save_file({"w": torch.zeros(1)}, tmp_path / name)
    write_json(tmp_path / "model.safetensors.index.json", {"weight_map": {"w": "gone.safetensors"}})
    assert weights_files(tmp_path) == (None, [tmp_path / "model.safetensors"])


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
    _, (path,) = weights_files(tmp_path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="diffusion_pytorch_model.safetensors is not a readable"):
        read_weights(tmp_path)
