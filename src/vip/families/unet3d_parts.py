"""The parts of a `UNet3DConditionModel`: what can be taken out, what must stay, and why.

A unit is what the paper's code calls an input, middle or output block (paper Sec. 4.1 removes whole blocks):
a residual layer with the temporal convolution and the attentions behind it. Units carry those numbers, in
which a downsampler counts as an input block and an upsampler belongs to the output block before it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.storage import count_parameters
from vip.pruning.surgery import is_removed, remove_joining_module, remove_modules
from vip.types import Unit

if TYPE_CHECKING:
    from torch import nn

    from vip.families.base import Granularity

_LAYERS = ("resnets", "temp_convs", "attentions", "temp_attentions")


@dataclass(frozen=True)
class Part:
    """A stretch of the network that is called in one go.

    `name` is its unit's at granularity module, `block` the diffusers block around it, `depth` how often its
    features were halved, `reason` why it must stay (empty: it can go). `kept_channels` is what its residual
    layer passes on once removed, where that reads a skip connection too.
    """

    name: str
    block: str
    paths: tuple[str, ...]
    depth: int
    reason: str = ""
    kept_channels: int | None = None


def parts_of(denoiser: "nn.Module") -> tuple[Part, ...]:
    """All parts in network order, removed ones included; their paths hold every parameter exactly once."""
    unet: Any = denoiser
    parts = [
        Part("time_embedding", "", ("time_embedding",), 0, "every residual layer reads the timestep from it"),
        Part("conv_in", "", ("conv_in",), 0, "it turns latents into features"),
        Part("transformer_in", "", ("transformer_in",), 0, "it belongs to the input, not to a block"),
        *_down_parts(unet),
        Part("middle_block", "mid_block", _layers(unet.mid_block, "mid_block"), len(unet.down_blocks) - 1),
        *_up_parts(unet),
        Part("conv_norm_out", "", ("conv_norm_out",), 0, "it belongs to the output, not to a block"),
        Part("conv_out", "", ("conv_out",), 0, "it turns features into latents"),
    ]
    return tuple(parts)


def is_present(denoiser: "nn.Module", part: Part) -> bool:
    """Whether a part was not removed."""
    return not is_removed(denoiser.get_submodule(part.paths[0]))


def units_of(denoiser: "nn.Module", granularity: "Granularity") -> tuple[Unit, ...]:
    """The parts present as units: one by one, or those that can go of each diffusers block together."""
    groups: dict[str, list[Part]] = {}
    for part in parts_of(denoiser):
        if is_present(denoiser, part):
            alone = granularity == "module" or bool(part.reason)
            groups.setdefault(part.name if alone else part.block, []).append(part)
    return tuple(_unit(denoiser, name, parts) for name, parts in groups.items())


def parts_named(names: Iterable[str], parts: Sequence[Part]) -> list[Part]:
    """The parts that can go which units of either granularity name; KeyError for a name of none."""
    found: dict[str, Part] = {}
    for name in names:
        named = [part for part in parts if not part.reason and name in (part.name, part.block)]
        if not named:
            raise KeyError(name)
        found.update((part.name, part) for part in named)
    return list(found.values())


def remove_units(denoiser: "nn.Module", names: Sequence[str], granularity: "Granularity", where: str) -> None:
    """Take units out in place; UserError, beginning with `where`, for what is unknown or must stay."""
    units = {unit.name: unit for unit in units_of(denoiser, granularity)}
    refused = [_refusal(name, units) for name in names if name not in units or not units[name].removable]
    if refused:
        known = ", ".join(unit.name for unit in units.values() if unit.removable)
        raise UserError(
            f"{where}: cannot remove {'; '.join(refused)}; units that can go at granularity "
            f"{granularity}: {known}"
        )
    for part in parts_named(names, parts_of(denoiser)):
        if is_present(denoiser, part):
            remove_part(denoiser, part)


def remove_part(denoiser: "nn.Module", part: Part) -> None:
    """Leave passthroughs in a part's place; the forward code stays as it is."""
    paths = part.paths
    if part.kept_channels is not None:
        remove_joining_module(denoiser, paths[0], part.kept_channels)
        paths = paths[1:]
    remove_modules(denoiser, paths)


def _refusal(name: str, units: dict[str, Unit]) -> str:
    return f"{name} ({units[name].reason})" if name in units else f"{name} (not present)"


def _unit(denoiser: "nn.Module", name: str, parts: list[Part]) -> Unit:
    paths = tuple(path for part in parts for path in part.paths)
    parameters = sum(count_parameters(denoiser.get_submodule(path)) for path in paths)
    reason = parts[0].reason
    return Unit(name, paths, parameters, removable=not reason, reason=reason)


def _down_parts(unet: Any) -> Iterator[Part]:
    """Each layer and downsampler is an input block; number 0 is `conv_in`."""
    numbers = count(1)
    channels = unet.config.block_out_channels
    for level, block in enumerate(unet.down_blocks):
        path = f"down_blocks.{level}"
        for index in range(len(block.resnets)):
            before = channels[max(level - 1, 0)] if index == 0 else channels[level]
            reason = _reason(before, channels[level])
            yield Part(f"input_blocks.{next(numbers)}", path, _layers(block, path, index), level, reason)
        if block.downsamplers is not None:
            next(numbers)
            downsampler = f"{path}.downsamplers.0"
            yield Part(downsampler, path, (downsampler,), level + 1, "it halves height and width")


def _up_parts(unet: Any) -> Iterator[Part]:
    """Each layer is an output block; the deepest up block comes first."""
    numbers = count()
    channels = unet.config.block_out_channels[::-1]
    deepest = len(channels) - 1
    for level, block in enumerate(unet.up_blocks):
        path = f"up_blocks.{level}"
        for index in range(len(block.resnets)):
            before = channels[max(level - 1, 0)] if index == 0 else channels[level]
            yield Part(
                f"output_blocks.{next(numbers)}",
                path,
                _layers(block, path, index),
                deepest - level,
                _reason(before, channels[level]),
                kept_channels=channels[level],
            )
        if block.upsamplers is not None:
            upsampler = f"{path}.upsamplers.0"
            yield Part(upsampler, path, (upsampler,), deepest - level - 1, "it doubles height and width")


def _reason(before: int, after: int) -> str:
    """A layer whose output has other channels than its input cannot be skipped."""
    return "" if before == after else f"it turns {before} channels into {after}"


def _layers(block: Any, path: str, index: int | None = None) -> tuple[str, ...]:
    """Paths of a block's layers at an index, or of all; the residual layer first."""
    return tuple(
        f"{path}.{layer}.{number}"
        for layer in _LAYERS
        for number in range(len(getattr(block, layer, ())))
        if index is None or number == index
    )
