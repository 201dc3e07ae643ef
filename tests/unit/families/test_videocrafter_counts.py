"""VideoCrafter2 at its real size, without weights: the paper's counts (Table 1) and what each unit holds."""

import pytest
import torch
from torch import nn

from vip.families.unet3d_flops import unet3d_flops
from vip.families.unet3d_parts import remove_units, units_of
from vip.families.videocrafter.unet import VideoCrafterUNet
from vip.pruning.selection import choose_target

CAN_GO = [
    *("input_blocks.1", "input_blocks.2", "input_blocks.5", "input_blocks.8"),
    *("input_blocks.10", "input_blocks.11", "middle_block"),
    *(f"output_blocks.{number}" for number in (0, 1, 2, 3, 4, 5, 7, 8, 10, 11)),
]


@pytest.fixture
def denoiser() -> nn.Module:
    with torch.device("meta"):
        return VideoCrafterUNet(sample_size=(40, 64))


def parameters_of(denoiser: nn.Module) -> int:
    return sum(unit.parameters for unit in units_of(denoiser, "module"))


def test_the_whole_network_has_the_published_size(denoiser: nn.Module) -> None:
    assert parameters_of(denoiser) == 1_413_284_420
    assert sum(value.numel() for value in denoiser.parameters()) == 1_413_284_420
    assert sum(value.numel() for value in denoiser.time_embedding.fps_embedding.parameters()) == 2_050_560


def test_two_stages_reach_the_sizes_of_the_paper(denoiser: nn.Module) -> None:
    """One choice of units that does; the paper does not publish its own."""
    first = ["input_blocks.10", "input_blocks.11", "output_blocks.0", "output_blocks.1"]
    remove_units(denoiser, first, "module", "here")
    assert parameters_of(denoiser) == 1_173_973_060
    assert abs(parameters_of(denoiser) - 1.174e9) < 0.0005e9
    remove_units(denoiser, ["output_blocks.3", "output_blocks.5"], "module", "here")
    assert parameters_of(denoiser) == 901_508_420
    assert abs(parameters_of(denoiser) - 0.902e9) < 0.0005e9


@pytest.mark.parametrize("target", [1_174_000_000, 902_000_000])
def test_the_experiment_s_budgets_can_be_met(denoiser: nn.Module, target: int) -> None:
    units = units_of(denoiser, "module")
    chosen = choose_target(units, dict.fromkeys((unit.name for unit in units), 0.0), target, "module")
    remove_units(denoiser, chosen, "module", "here")
    assert 0.9 * target < parameters_of(denoiser) <= target


def test_blocks_that_keep_their_channels_can_go(denoiser: nn.Module) -> None:
    units = units_of(denoiser, "module")
    assert [unit.name for unit in units if unit.removable] == CAN_GO
    reasons = {unit.name: unit.reason for unit in units if not unit.removable}
    assert reasons["input_blocks.4"] == "it turns 320 channels into 640"
    assert reasons["input_blocks.7"] == "it turns 640 channels into 1280"
    assert reasons["output_blocks.6"] == "it turns 1280 channels into 640"
    assert reasons["output_blocks.9"] == "it turns 640 channels into 320"
    assert reasons["up_blocks.1.upsamplers.0"] == "it doubles height and width"


def test_an_upsampler_stays_where_the_layer_before_it_goes(denoiser: nn.Module) -> None:
    remove_units(denoiser, ["output_blocks.2", "output_blocks.5", "output_blocks.8"], "module", "here")
    kept = [name for name, _ in denoiser.named_parameters() if "upsamplers" in name]
    assert len(kept) == 6


def test_whole_blocks_are_what_can_go_of_each(denoiser: nn.Module) -> None:
    units = {unit.name: unit.paths for unit in units_of(denoiser, "block") if unit.removable}
    assert list(units) == [
        *(f"down_blocks.{level}" for level in range(4)),
        "mid_block",
        *(f"up_blocks.{level}" for level in range(4)),
    ]
    layers = ("resnets", "temp_convs", "attentions", "temp_attentions")
    assert units["down_blocks.1"] == tuple(f"down_blocks.1.{layer}.1" for layer in layers)


def test_flops_of_320x512_pixels(denoiser: nn.Module) -> None:
    """Ours, 2 x MAC with attention; the paper's 9.4 TFLOPs follow from no plain count."""
    assert unet3d_flops(denoiser, (4, 16, 40, 64), tokens=77) == pytest.approx(12.581e12, rel=1e-4)
