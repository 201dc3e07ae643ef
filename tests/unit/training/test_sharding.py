"""What a denoiser is shared out by, whatever its architecture."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.tiny.models import TINY

from vip.families.folder import ModelFolder
from vip.training.sharding import blocks


@pytest.mark.parametrize("name", sorted(TINY))
def test_blocks_hold_most_of_a_denoiser_and_share_nothing(
    tiny_folder_of: Callable[[str], Path], name: str
) -> None:
    model = ModelFolder(tiny_folder_of(name), TINY[name].family, "").open()
    held = [id(value) for block in blocks(model.denoiser) for value in block.parameters()]
    assert len(held) == len(set(held))
    sizes = {id(value): value.numel() for value in model.denoiser.parameters()}
    assert sum(sizes[each] for each in held) > 0.5 * sum(sizes.values())


@pytest.mark.parametrize("name", ["wan_two", "hunyuanvideo"])
def test_a_unit_is_gathered_alone(tiny_folder_of: Callable[[str], Path], name: str) -> None:
    model = ModelFolder(tiny_folder_of(name), TINY[name].family, "").open()
    found = [id(block) for block in blocks(model.denoiser)]
    for unit in model.units("block"):
        for path in unit.paths:
            assert id(model.denoiser.get_submodule(path)) in found


def test_a_passthrough_is_no_block(tiny_model) -> None:
    tiny_model.remove(["mid_block.motion_modules.0"], "module")
    gone = tiny_model.denoiser.get_submodule("mid_block.motion_modules.0")
    assert all(block is not gone for block in blocks(tiny_model.denoiser))
