"""Gradient checkpointing: activations of a block are computed again in the backward pass instead of kept."""

import functools
from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


def enable_gradient_checkpointing(denoiser: "nn.Module") -> None:
    """Let a denoiser trade time for memory; its outputs and gradients stay what they are.

    Uses diffusers' own support where the model has it. `UNet3DConditionModel` has none: there, each down,
    middle and up block is computed again. UserError for a model that is neither.
    """
    model = cast("Any", denoiser)
    if getattr(model, "_supports_gradient_checkpointing", False):
        model.enable_gradient_checkpointing()
        return
    if not hasattr(model, "mid_block"):
        raise UserError(
            f"{type(model).__name__} supports no gradient checkpointing; set gradient_checkpointing to false"
        )
    for block in (*model.down_blocks, model.mid_block, *model.up_blocks):
        if not isinstance(block.forward, functools.partial):
            block.forward = functools.partial(_forward_again, block.forward)


def _forward_again(forward: "Callable[..., Any]", *args: Any, **named: Any) -> Any:
    """Call a block so that its backward pass calls it once more; plainly where nothing is learnt."""
    import torch
    from torch.utils.checkpoint import checkpoint

    if not torch.is_grad_enabled():
        return forward(*args, **named)
    return checkpoint(forward, *args, use_reentrant=False, **named)
