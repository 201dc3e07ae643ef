"""Stable Diffusion's autoencoder in a VideoCrafter checkpoint as a diffusers `AutoencoderKL`."""

import re
from typing import TYPE_CHECKING

from vip.families.videocrafter.checkpoint import AUTOENCODER, Converted, need, renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

SCALING_FACTOR = 0.18215
"""What Stable Diffusion multiplies latents by, and VideoCrafter with it."""
_OUTSIDE = (
    "quant_conv.",
    "post_quant_conv.",
    "encoder.conv_in.",
    "encoder.conv_out.",
    "decoder.conv_in.",
    "decoder.conv_out.",
)
_ATTENTION = {"norm.": "group_norm.", "q.": "to_q.", "k.": "to_k.", "v.": "to_v.", "proj_out.": "to_out.0."}


def convert_autoencoder(state: "Mapping[str, Tensor]") -> Converted:
    """Configuration and weights of an `AutoencoderKL` from the tensors under `first_stage_model.`.

    What only its own training needed (`loss.*`) is left out. UserError where the tensors are not those of
    such an autoencoder. Weights become float32.
    """
    state = {name: value for name, value in state.items() if not name.startswith("loss.")}
    needed = ["encoder.conv_in.weight", "decoder.conv_out.weight", "post_quant_conv.weight"]
    need(state, AUTOENCODER, [*needed, "encoder.down.0.block.0.conv1.weight"])
    widths: list[int] = []
    while (name := f"encoder.down.{len(widths)}.block.0.conv1.weight") in state:
        widths.append(state[name].shape[0])
    layers = 0
    while f"encoder.down.0.block.{layers}.conv1.weight" in state:
        layers += 1
    levels = len(widths)
    config = {
        "in_channels": state["encoder.conv_in.weight"].shape[1],
        "out_channels": state["decoder.conv_out.weight"].shape[0],
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "block_out_channels": tuple(widths),
        "layers_per_block": layers,
        "latent_channels": state["post_quant_conv.weight"].shape[0],
        "scaling_factor": SCALING_FACTOR,
    }
    weights = renamed(state, AUTOENCODER, _names(levels, layers))
    return Converted(config, {_shortcut(name): _as_linear(name, value) for name, value in weights.items()})


def _names(levels: int, layers: int) -> dict[str, str]:
    names = {name: name for name in _OUTSIDE}
    for half in ("encoder", "decoder"):
        names[f"{half}.norm_out."] = f"{half}.conv_norm_out."
        for number in (1, 2):
            names[f"{half}.mid.block_{number}."] = f"{half}.mid_block.resnets.{number - 1}."
        for old, new in _ATTENTION.items():
            names[f"{half}.mid.attn_1.{old}"] = f"{half}.mid_block.attentions.0.{new}"
    for level in range(levels):
        down, up = f"encoder.down_blocks.{level}", f"decoder.up_blocks.{levels - 1 - level}"
        for layer in range(layers + 1):
            names[f"encoder.down.{level}.block.{layer}."] = f"{down}.resnets.{layer}."
            names[f"decoder.up.{level}.block.{layer}."] = f"{up}.resnets.{layer}."
        names[f"encoder.down.{level}.downsample."] = f"{down}.downsamplers.0."
        names[f"decoder.up.{level}.upsample."] = f"{up}.upsamplers.0."
    return names


def _shortcut(name: str) -> str:
    return name.replace(".nin_shortcut.", ".conv_shortcut.")


def _as_linear(name: str, value: "Tensor") -> "Tensor":
    """The attention's projections are 1x1 convolutions in the checkpoint, linear layers in diffusers."""
    is_projection = re.search(r"attentions\.0\.to_\w+(\.0)?\.weight$", name)
    return value.reshape(value.shape[:2]) if is_projection else value
