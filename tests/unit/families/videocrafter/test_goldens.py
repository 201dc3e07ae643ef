"""Agreement with the original implementation's outputs on a small random checkpoint of its own."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from vip.families.sources import read_checkpoint
from vip.families.stable_diffusion import denoise
from vip.families.videocrafter.checkpoint import UNET, part_of
from vip.families.videocrafter.convert import build
from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
from vip.families.videocrafter.unet import VideoCrafterUNet
from vip.families.videocrafter.unet_keys import convert_unet
from vip.types import Sampler

FIXTURES = Path(__file__).parents[3] / "fixtures" / "videocrafter_tiny"


@pytest.fixture(scope="module")
def golden() -> dict[str, torch.Tensor]:
    return load_file(FIXTURES / "io.safetensors")


@pytest.fixture(scope="module")
def settings() -> dict[str, object]:
    return json.loads((FIXTURES / "config.json").read_text())


@pytest.fixture(scope="module")
def denoiser() -> VideoCrafterUNet:
    state = part_of(read_checkpoint(FIXTURES / "checkpoint.safetensors"), UNET)
    converted = convert_unet(state, (8, 8))
    return build(converted, lambda: VideoCrafterUNet(**converted.config), UNET).eval()


def relative(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def test_the_configuration_is_read_off_the_keys(
    denoiser: VideoCrafterUNet, settings: dict[str, object]
) -> None:
    config = denoiser.config
    assert config.block_out_channels == (64, 64)
    assert config.layers_per_block == settings["num_res_blocks"]
    assert config.attention_head_dim == settings["num_head_channels"]
    assert config.cross_attention_dim == settings["context_dim"]
    assert config.down_block_types == ("CrossAttnDownBlock3D", "DownBlock3D")
    assert sum(value.numel() for value in denoiser.parameters()) == settings["parameters"]


@pytest.mark.parametrize("fps", [8, 16, 28])
def test_the_denoiser_agrees_at_every_frame_rate(
    denoiser: VideoCrafterUNet, golden: dict[str, torch.Tensor], fps: int
) -> None:
    with torch.no_grad():
        found = denoiser(golden["x"], golden["t"], golden["context"], fps=fps).sample
        each = denoiser(golden["x"], golden["t"], golden["context"], fps=torch.tensor([fps, fps])).sample
    assert relative(found, golden[f"unet_out_fps{fps}"]) < 1e-5
    assert torch.equal(each, found)


def test_the_forward_process_agrees(golden: dict[str, torch.Tensor]) -> None:
    found = ScaledDDIMScheduler().add_noise(golden["q_x0"], golden["q_eps"], golden["q_t"])
    assert relative(found, golden["q_out"]) < 1e-6


def test_the_sampler_agrees(
    denoiser: VideoCrafterUNet, golden: dict[str, torch.Tensor], settings: dict[str, object]
) -> None:
    conditioning = {"prompt": golden["context"], "empty_prompt": golden["uncond_context"]}

    def call(noisy: torch.Tensor, timestep: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return denoiser(noisy, timestep, words, fps=settings["sampling_fps"]).sample

    with torch.no_grad():
        found = denoise(
            call,
            ScaledDDIMScheduler(),
            conditioning,
            golden["x_T"],
            Sampler(settings["ddim_steps"], settings["guidance_scale"]),
        )
    assert relative(found, golden["ddim_out"]) < 1e-5
