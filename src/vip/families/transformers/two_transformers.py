"""Wan 2.2: one denoiser made of two transformers, one for high and one for low noise."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def join(transformer: "nn.Module", transformer_2: "nn.Module", boundary: float) -> "nn.Module":
    """A denoiser that gives a sample to `transformer` where its t >= `boundary`, else to `transformer_2`."""
    return _joined_class()(transformer, transformer_2, boundary).eval()


@cache
def _joined_class() -> "type[nn.Module]":
    import torch
    from torch import nn

    class TwoTransformers(nn.Module):
        """Called like either of its transformers, with samples on both sides of the boundary."""

        def __init__(self, transformer: "nn.Module", transformer_2: "nn.Module", boundary: float) -> None:
            super().__init__()
            self.transformer, self.transformer_2, self.boundary = transformer, transformer_2, boundary

        def forward(
            self,
            hidden_states: "Tensor",
            timestep: "Tensor",
            encoder_hidden_states: "Tensor",
            **named: object,
        ) -> "tuple[Tensor]":
            high = timestep >= self.boundary
            output = torch.zeros_like(hidden_states)
            for module, rows in ((self.transformer, high), (self.transformer_2, ~high)):
                if rows.any():
                    states, words = hidden_states[rows], encoder_hidden_states[rows]
                    part = module(
                        hidden_states=states, timestep=timestep[rows], encoder_hidden_states=words, **named
                    )
                    output = output.index_put((rows,), part[0])
                elif torch.is_grad_enabled():
                    output = output + _nothing_of(module)
            return (output,)

    def _nothing_of(module: "nn.Module") -> "Tensor":
        """Zero, but a function of all parameters, each of which is expected to have a gradient."""
        return sum((0 * value.sum() for value in module.parameters() if value.requires_grad), torch.tensor(0))

    return TwoTransformers
