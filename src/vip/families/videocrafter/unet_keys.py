"""VideoCrafter's U-Net checkpoint in diffusers' terms: configuration and names, both read off its own keys.

The original network is a flat list of input and output blocks; each holds a residual layer with a temporal
convolution, then, where it attends, a spatial and a temporal transformer, then perhaps an upsampler.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.families.videocrafter.checkpoint import UNET, Converted, need, renamed

if TYPE_CHECKING:
    from torch import Tensor

INPUT_HEADS = 8
"""Attention heads of the temporal transformer before the first block; a constant of the original code."""
_ALWAYS_THERE = {
    "input_blocks.0.0.": "conv_in.",
    "time_embed.0.": "time_embedding.linear_1.",
    "time_embed.2.": "time_embedding.linear_2.",
    "fps_embedding.0.": "time_embedding.fps_embedding.linear_1.",
    "fps_embedding.2.": "time_embedding.fps_embedding.linear_2.",
    "init_attn.0.": "transformer_in.",
    "out.0.": "conv_norm_out.",
    "out.2.": "conv_out.",
}
_RESIDUAL_LAYER = {
    "in_layers.0.": "norm1.",
    "in_layers.2.": "conv1.",
    "emb_layers.1.": "time_emb_proj.",
    "out_layers.0.": "norm2.",
    "out_layers.3.": "conv2.",
    "skip_connection.": "conv_shortcut.",
}


@dataclass(frozen=True)
class Layout:
    """What the keys tell: width and attention of each level, and residual layers a level."""

    channels: tuple[int, ...]
    attends: tuple[bool, ...]
    layers: int


def convert_unet(state: "Mapping[str, Tensor]", sample_size: tuple[int, int]) -> Converted:
    """Configuration and weights of a `VideoCrafterUNet` from the tensors under `model.diffusion_model.`.

    `sample_size` is the height and width of the latents, which no tensor tells. UserError where the tensors
    are not those of such a network. Weights become float32.
    """
    layout = read_layout(state)
    levels = len(layout.channels)
    down = tuple("CrossAttnDownBlock3D" if attends else "DownBlock3D" for attends in layout.attends)
    up = tuple("CrossAttnUpBlock3D" if attends else "UpBlock3D" for attends in reversed(layout.attends))
    config = {
        "sample_size": sample_size,
        "in_channels": state["input_blocks.0.0.weight"].shape[1],
        "out_channels": state["out.2.weight"].shape[0],
        "down_block_types": down,
        "up_block_types": up,
        "block_out_channels": layout.channels,
        "layers_per_block": layout.layers,
        "cross_attention_dim": state["middle_block.1.transformer_blocks.0.attn2.to_k.weight"].shape[1],
        "attention_head_dim": state["init_attn.0.proj_in.weight"].shape[0] // INPUT_HEADS,
    }
    names = _ALWAYS_THERE | _middle_names()
    for level in range(levels):
        names |= dict(_down_names(layout, level)) | dict(_up_names(layout, level))
    return Converted(
        config, {name: _as_linear(name, value) for name, value in renamed(state, UNET, names).items()}
    )


def read_layout(state: "Mapping[str, Tensor]") -> Layout:
    """Widths, attention and depth, from which input blocks downsample, attend, and how wide they are."""
    needed = [f"{name}weight" for name in _ALWAYS_THERE if name != "init_attn.0."]
    needed += ["init_attn.0.proj_in.weight"]
    needed += [
        "middle_block.1.transformer_blocks.0.attn2.to_k.weight",
        "input_blocks.1.0.out_layers.3.weight",
    ]
    need(state, UNET, needed)
    levels: list[list[int]] = [[]]
    number = 1
    while any(name.startswith(f"input_blocks.{number}.") for name in state):
        if f"input_blocks.{number}.0.op.weight" in state:
            levels.append([])
        else:
            levels[-1].append(number)
        number += 1
    depths = {len(level) for level in levels}
    if len(depths) > 1 or 0 in depths:
        raise UserError(
            "not a VideoCrafter checkpoint: its levels have "
            f"{[len(level) for level in levels]} residual layers; they have to be equally many"
        )
    firsts = [level[0] for level in levels]
    need(state, UNET, [f"input_blocks.{first}.0.out_layers.3.weight" for first in firsts])
    return Layout(
        tuple(state[f"input_blocks.{first}.0.out_layers.3.weight"].shape[0] for first in firsts),
        tuple(f"input_blocks.{first}.1.norm.weight" in state for first in firsts),
        depths.pop(),
    )


def _down_names(layout: Layout, level: int) -> Iterator[tuple[str, str]]:
    block = f"down_blocks.{level}"
    first = 1 + level * (layout.layers + 1)
    for index in range(layout.layers):
        yield from _layer_names(f"input_blocks.{first + index}", block, index)
    yield f"input_blocks.{first + layout.layers}.0.op.", f"{block}.downsamplers.0.conv."


def _up_names(layout: Layout, level: int) -> Iterator[tuple[str, str]]:
    """`level` counts from the deepest; an upsampler comes after the last layer's transformers."""
    block = f"up_blocks.{level}"
    first = level * (layout.layers + 1)
    for index in range(layout.layers + 1):
        yield from _layer_names(f"output_blocks.{first + index}", block, index)
    after = 3 if layout.attends[::-1][level] else 1
    yield f"output_blocks.{first + layout.layers}.{after}.conv.", f"{block}.upsamplers.0.conv."


def _middle_names() -> dict[str, str]:
    first = _residual_names("middle_block.0", "mid_block", 0)
    second = _residual_names("middle_block.3", "mid_block", 1)
    return (
        first
        | second
        | {
            "middle_block.1.": "mid_block.attentions.0.",
            "middle_block.2.": "mid_block.temp_attentions.0.",
        }
    )


def _layer_names(old: str, block: str, index: int) -> Iterator[tuple[str, str]]:
    yield from _residual_names(f"{old}.0", block, index).items()
    yield f"{old}.1.", f"{block}.attentions.{index}."
    yield f"{old}.2.", f"{block}.temp_attentions.{index}."


def _residual_names(old: str, block: str, index: int) -> dict[str, str]:
    names = {f"{old}.{part}": f"{block}.resnets.{index}.{new}" for part, new in _RESIDUAL_LAYER.items()}
    return names | {f"{old}.temopral_conv.": f"{block}.temp_convs.{index}."}  # so spelt in the checkpoint


def _as_linear(name: str, value: "Tensor") -> "Tensor":
    """Projections of transformers are 1x1 convolutions in some checkpoints, linear layers in diffusers."""
    if name.endswith(("proj_in.weight", "proj_out.weight")):
        return value.reshape(value.shape[:2])
    return value
