"""The published sizes of the transformer families, counted without weights: units, and what they hold."""

from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
from tests.published import LATTE

from vip.families.registry import family_named
from vip.families.transformers.base import TransformerFamily
from vip.families.transformers.stacks import open_stacks

WAN_SMALL = {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30}
WAN_5B = {
    "num_attention_heads": 24,
    "ffn_dim": 14336,
    "num_layers": 30,
    "in_channels": 48,
    "out_channels": 48,
}
COGVIDEOX_5B = {"num_attention_heads": 48, "num_layers": 42, "use_rotary_positional_embeddings": True}
SIZES = {
    "Wan 2.1 1.3B": ("wan", WAN_SMALL, 30, 1_393_221_120, 1_418_996_800),
    "Wan 2.1 14B, either transformer of Wan 2.2 A14B": ("wan", {}, 40, 14_055_772_160, 14_288_491_584),
    "Wan 2.2 TI2V 5B": ("wan", WAN_5B, 30, 4_909_701_120, 4_999_787_712),
    "CogVideoX 2B": ("cogvideox", {}, 30, 1_682_446_080, 1_693_783_872),
    "CogVideoX 5B": ("cogvideox", COGVIDEOX_5B, 42, 5_552_300_544, 5_570_283_072),
    "LTX-Video 2B": ("ltx", {}, 28, 1_880_367_104, 1_923_385_472),
    "HunyuanVideo": ("hunyuanvideo", {}, 60, 12_460_298_240, 12_821_012_544),
    "Mochi 1": ("mochi", {}, 48, 9_929_041_920, 10_027_677_744),
    "Latte-1": ("latte", LATTE, 28, 1_041_546_240, 1_057_246_880),
    "Allegro": ("allegro", {}, 32, 2_719_309_824, 2_771_907_856),
}
"""Family, configuration where it is not diffusers' default, units, prunable parameters, all parameters."""


@pytest.mark.parametrize("size", SIZES)
def test_units_of_the_real_sizes(size: str) -> None:
    name, config, count, prunable, total = SIZES[size]
    family: Any = family_named(name)
    assert issubclass(family, TransformerFamily)
    with torch.device("meta"):
        transformer = getattr(diffusers, family.transformer_class)(**config)
    units = [
        unit
        for stack in open_stacks(Path("real"), {"": transformer}, family.stack_specs, ())
        for unit in stack.units()
    ]
    counted = sum(unit.parameters for unit in units)
    assert (len(units), counted, transformer.num_parameters()) == (count, prunable, total)
    assert len(units) - sum(unit.removable for unit in units) == (name == "mochi")
