"""Wan 2.2's two transformers: who is called when, and what their units are called."""

import copy
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from vip.errors import UserError
from vip.families.transformers.wan import Wan
from vip.types import Sampler

PROMPTS = ["a red circle moves left", "a blue square stays still"]


@pytest.fixture
def two(tiny_folder_of: Callable[[str], Path]) -> Wan:
    return Wan.open(tiny_folder_of("wan_two"))


def test_units_are_named_after_their_transformer(two: Wan) -> None:
    names = [unit.name for unit in two.units("block")]
    assert names == [f"{part}.blocks.{i}" for part in ("transformer", "transformer_2") for i in range(3)]


def test_both_transformers_can_be_pruned_apart(two: Wan) -> None:
    two.remove(["transformer.blocks.0", "transformer_2.blocks.2", "transformer_2.blocks.1"], "block")
    left = [unit.name for unit in two.units("block")]
    assert left == ["transformer.blocks.1", "transformer.blocks.2", "transformer_2.blocks.0"]
    assert [part.config.num_layers for part in two.transformers.values()] == [2, 1]
    noise = torch.randn(2, *two.latent_shape, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(two.sample(two.encode(PROMPTS), noise, Sampler(3, 3.0))).all()


def test_each_clip_goes_to_the_transformer_of_its_timestep(two: Wan) -> None:
    noisy = torch.randn(2, *two.latent_shape, generator=torch.Generator().manual_seed(0))
    words = two.encode(PROMPTS)
    timesteps = torch.tensor([700.0, 699.0])
    with torch.no_grad():
        joint = two.predict(two.denoiser, noisy, timesteps, words)
        for i, transformer in enumerate(two.transformers.values()):
            alone = two.predict(transformer, noisy, timesteps, words)
            torch.testing.assert_close(joint[i], alone[i], rtol=0, atol=1e-5)


def test_gradients_reach_a_transformer_that_was_not_called(two: Wan) -> None:
    """Processes that exchange gradients, and gradient norms, expect one of every parameter."""
    two.denoiser.requires_grad_(requires_grad=True)
    noisy = torch.zeros(1, *two.latent_shape)
    predicted = two.predict(two.denoiser, noisy, torch.tensor([900.0]), two.encode(PROMPTS[:1]))
    gradients = torch.autograd.grad(predicted.square().mean(), tuple(two.trainable().values()))
    idle = [
        gradient
        for name, gradient in zip(two.trainable(), gradients, strict=True)
        if name.startswith("transformer_2.")
    ]
    assert idle
    assert not any(gradient.any() for gradient in idle)


def test_two_transformers_without_a_boundary_are_refused(two: Wan, tmp_path: Path) -> None:
    folder = shutil.copytree(two.folder, tmp_path / "copied")
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | {"boundary_ratio": None}))
    with pytest.raises(UserError, match="no boundary_ratio"):
        Wan.open(folder)


@pytest.mark.parametrize("stored", [{"max_shard_size": "30KB"}, {"variant": "fp16"}, {"variant": "bf16"}])
def test_sharded_and_half_precision_weights_open_as_float32(
    two: Wan, tmp_path: Path, stored: dict[str, str]
) -> None:
    folder = shutil.copytree(two.folder, tmp_path / "copied")
    (folder / "transformer" / "diffusion_pytorch_model.safetensors").unlink()
    kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(stored.get("variant", ""), torch.float32)
    copy.deepcopy(two.transformer).to(kind).save_pretrained(folder / "transformer", **stored)
    weights, expected = Wan.open(folder).transformer.state_dict(), two.transformer.state_dict()
    assert all(torch.equal(weights[name], value.to(kind).float()) for name, value in expected.items())


def test_a_vocabulary_that_cannot_be_read_is_refused_with_the_remedy(
    two: Wan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(two.folder, tmp_path / "copied")
    (folder / "tokenizer" / "tokenizer.json").rename(folder / "tokenizer" / "spiece.model")
    monkeypatch.setattr("vip.families.transformers.folder.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install sentencepiece"):
        Wan.open(folder)


def test_a_clip_is_81_frames_of_480_by_832_unless_the_folder_says_otherwise(two: Wan) -> None:
    assert two.latent_shape == (4, 2, 4, 6)
    assert two.compression.latent_size(two.default_clip()) == (21, 60, 104)
    assert two.compression.patches(two.default_clip()) == 32_760


def test_a_folder_may_ask_for_fewer_words_and_no_compression_in_time(
    tiny_folder_of: Callable[[str], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = shutil.copytree(tiny_folder_of("wan"), tmp_path / "copied")
    index = json.loads((folder / "model_index.json").read_text())
    clip = {"frames": 8, "height": 32, "width": 32}
    (folder / "model_index.json").write_text(json.dumps(index | {"_words": 12, "_clip": clip}))
    vae = json.loads((folder / "vae" / "config.json").read_text())
    (folder / "vae" / "config.json").write_text(json.dumps(vae | {"scale_factor_temporal": 1}))
    logging.getLogger("diffusers.pipelines.wan.pipeline_wan").addHandler(caplog.handler)
    model = Wan.open(folder)
    embedded = model.encode(PROMPTS)
    assert embedded["prompt_embeds"].shape[1] == 12
    noise = torch.randn(2, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    assert noise.shape == (2, 4, 8, 4, 4)
    assert model.sample(embedded, noise, Sampler(2, 3.0)).shape == noise.shape
    assert "num_frames" not in caplog.text
    (folder / "model_index.json").write_text(json.dumps(index | {"_words": "few"}))
    with pytest.raises(UserError, match="_words is no positive integer"):
        Wan.open(folder).encode(PROMPTS)
