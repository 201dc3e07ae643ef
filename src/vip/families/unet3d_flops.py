"""FLOPs of a `UNet3DConditionModel` from its weights' shapes: 2 x multiply-accumulates, attention counted."""

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from vip.families.unet3d_parts import is_present, parts_of
from vip.pruning.flops import linear_flops, transformer_flops

if TYPE_CHECKING:
    from torch import nn


def unet3d_flops(
    denoiser: "nn.Module",
    latent_shape: tuple[int, int, int, int],
    tokens: int,
    paths: Collection[str] | None = None,
) -> int:
    """FLOPs of what is left of the network in one call for one clip (C, F, h, w) and `tokens` words.

    Where `paths` are given, of the modules there alone. Equal to what `torch.utils.flop_counter` counts. Each
    downsampler halves height and width, rounding up; the text is embedded once a frame, the timestep once,
    and its projections once a frame.
    """
    _, frames, height, width = latent_shape
    total = 0
    for part in parts_of(denoiser):
        if not is_present(denoiser, part):
            continue
        pixels = math.ceil(height / 2**part.depth) * math.ceil(width / 2**part.depth)
        for path in part.paths if paths is None else set(part.paths) & set(paths):
            total += _module_flops(denoiser.get_submodule(path), frames, pixels, tokens)
    return total


def _module_flops(module: "nn.Module", frames: int, pixels: int, tokens: int) -> int:
    from diffusers import Transformer2DModel
    from diffusers.models.embeddings import TimestepEmbedding
    from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel

    if isinstance(module, TransformerTemporalModel):
        return transformer_flops(module, sequences=pixels, length=frames)
    if isinstance(module, Transformer2DModel):
        return frames * _picture_transformer_flops(module, pixels, tokens)
    if isinstance(module, TimestepEmbedding):
        return linear_flops(module, rows=1)
    return _convolution_flops(module, frames * pixels) + linear_flops(module, rows=frames)


def _picture_transformer_flops(transformer: "nn.Module", pixels: int, tokens: int) -> int:
    """One picture: self-attention among its pixels, cross-attention from them to the words."""
    from diffusers.models.attention_processor import Attention

    total = linear_flops(transformer, rows=pixels)
    for module in transformer.modules():
        if isinstance(module, Attention):
            attention: Any = module
            keys = tokens if attention.is_cross_attention else pixels
            total += 4 * pixels * keys * attention.to_q.out_features
            for projection in (attention.to_k, attention.to_v):  # of the words, not of the pixels
                total += 2 * (keys - pixels) * projection.weight.numel()
    return total


def _convolution_flops(module: "nn.Module", positions: int) -> int:
    from torch import nn

    kinds = (nn.Conv2d, nn.Conv3d)
    return 2 * positions * sum(m.weight.numel() for m in module.modules() if isinstance(m, kinds))
