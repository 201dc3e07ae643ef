"""FLOPs of what is pruned: 2 x multiply-accumulates of linear layers and attention."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def transformer_flops(transformer: "nn.Module", sequences: int, length: int) -> int:
    """FLOPs of a transformer with self-attention called once on that many sequences of `length` tokens.

    Equal to what `torch.utils.flop_counter` counts for the same call.
    """
    from diffusers.models.attention_processor import Attention
    from torch import nn

    modules = list(transformer.modules())
    weights = sum(module.weight.numel() for module in modules if isinstance(module, nn.Linear))
    widths: int = sum(module.to_q.out_features for module in modules if isinstance(module, Attention))
    return 2 * sequences * length * weights + 4 * sequences * length**2 * widths
