"""Where the motion modules of a `UNetMotionModel` are, which of them are left, and what they cost."""

import math
import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from vip.pruning.flops import transformer_flops
from vip.pruning.surgery import is_removed

if TYPE_CHECKING:
    from torch import nn

_MOTION_MODULE = re.compile(r"((down_blocks|up_blocks)\.\d+|mid_block)\.motion_modules\.\d+")
_NETWORK_ORDER = ("down_blocks", "mid_block", "up_blocks")


def module_of(key: str) -> str | None:
    """The path of the motion module that a parameter or buffer belongs to; None for the spatial ones."""
    match = _MOTION_MODULE.match(key)
    return match.group(0) if match else None


def block_of(path: str) -> str:
    """The path of the down, middle or up block around a motion module."""
    match = _MOTION_MODULE.fullmatch(path)
    assert match, f"{path} is not the path of a motion module"
    return match.group(1)


def all_paths(denoiser: "nn.Module") -> list[str]:
    """Paths of all motion modules, removed ones included, in the order in which the network calls them."""
    found = [path for path, _ in denoiser.named_modules() if _MOTION_MODULE.fullmatch(path)]
    return sorted(found, key=lambda path: _NETWORK_ORDER.index(path.split(".")[0]))


def remaining_paths(denoiser: "nn.Module") -> list[str]:
    """Paths of the motion modules that were not removed, in network order."""
    return [path for path in all_paths(denoiser) if not is_removed(denoiser.get_submodule(path))]


def paths_of_units(units: Iterable[str], paths: Sequence[str]) -> set[str]:
    """The modules among `paths` that units of either granularity name; an unknown name stands for itself."""
    found: set[str] = set()
    for unit in units:
        found.update([path for path in paths if unit in (path, block_of(path))] or [unit])
    return found


def motion_flops(
    denoiser: "nn.Module", latent_shape: tuple[int, int, int, int], paths: Collection[str]
) -> int:
    """FLOPs of the motion modules at these paths in one call for one clip (C, F, h, w).

    Every pixel is a sequence of F frames; each down block but the last halves height and width.
    """
    _, frames, height, width = latent_shape
    deepest = (
        len([path for path, _ in denoiser.named_modules() if re.fullmatch(r"down_blocks\.\d+", path)]) - 1
    )
    total = 0
    for path in paths:
        scale = 2 ** _depth(path, deepest)
        pixels = math.ceil(height / scale) * math.ceil(width / scale)
        total += transformer_flops(denoiser.get_submodule(path), sequences=pixels, length=frames)
    return total


def _depth(path: str, deepest: int) -> int:
    """How often the features at a motion module have been halved."""
    block, _, number = block_of(path).partition(".")
    return {"down_blocks": int(number or 0), "mid_block": deepest, "up_blocks": deepest - int(number or 0)}[
        block
    ]
