"""Wan 2.2: one denoiser made of two transformers, one for high and one for low noise."""

from functools import cache
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from torch import Tensor, nn


def join(transformer: "nn.Module", transformer_2: "nn.Module", boundary: float) -> "nn.Module":
    """A denoiser that gives a sample to `transformer` where its t >= `boundary`, else to `transformer_2`."""
    return _joined_class()(transformer, transformer_2, boundary).eval()


@cache
def _joined_class() -> "type[nn.Module]":
    import torch
    from torch import nn
    from torch.distributed.fsdp import FSDPModule

    class TwoTransformers(nn.Module):
        """Called like either of its transformers, with samples on both sides of the boundary."""

        _supports_gradient_checkpointing = True

        def __init__(self, transformer: Any, transformer_2: Any, boundary: float) -> None:
            super().__init__()
            self.transformer, self.transformer_2, self.boundary = transformer, transformer_2, boundary

        def enable_gradient_checkpointing(self) -> None:
            """As diffusers' models have it."""
            for module in (self.transformer, self.transformer_2):
                module.enable_gradient_checkpointing()

        def forward(
            self, hidden_states: "Tensor", timestep: "Tensor", encoder_hidden_states: "Tensor", **named: Any
        ) -> "tuple[Tensor]":
            given = {
                "hidden_states": hidden_states,
                "timestep": timestep,
                "encoder_hidden_states": encoder_hidden_states,
            }
            if timestep.is_meta:  # without values nobody can say whose turn it is: their calls cost the same
                return (self.transformer(**given, **named)[0],)
            high = timestep >= self.boundary
            output = torch.zeros_like(hidden_states)
            for module, rows in ((self.transformer, high), (self.transformer_2, ~high)):
                if rows.any():
                    mine = {name: tensor[rows] for name, tensor in given.items()}
                    output = output.index_put((rows,), module(**mine, **named)[0])
                else:
                    one = {name: tensor[:1] for name, tensor in given.items()}
                    output = output + _nothing_of(module, one | named, sharded=isinstance(self, FSDPModule))
            return (output,)

    return TwoTransformers


def _nothing_of(module: "nn.Module", given: "dict[str, Any]", *, sharded: bool) -> "Tensor":
    """Zero, but a function of all parameters, each of which is expected to have a gradient.

    Where they are sharded, other processes may wait for this one to gather each block: it is called.
    """
    import torch

    if sharded:
        return 0 * cast("Tensor", module(**given)[0])
    trained = [value for value in module.parameters() if value.requires_grad and torch.is_grad_enabled()]
    return sum((0 * value.sum() for value in trained), torch.tensor(0))
