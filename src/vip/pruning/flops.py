"""FLOPs of what is pruned: 2 x multiply-accumulates of linear layers and attention.

Each function is equal to what `torch.utils.flop_counter` counts for the same call.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def transformer_flops(transformer: "nn.Module", sequences: int, length: int) -> int:
    """FLOPs of a transformer with self-attention called once on that many sequences of `length` tokens."""
    from diffusers.models.attention_processor import Attention

    widths: int = sum(
        module.to_q.out_features for module in transformer.modules() if isinstance(module, Attention)
    )
    return linear_flops(transformer, sequences * length) + 4 * sequences * length**2 * widths


def linear_flops(module: "nn.Module", rows: int) -> int:
    """FLOPs of all linear layers in a module, each called on `rows` vectors."""
    from torch import nn

    return sum(2 * rows * part.weight.numel() for part in module.modules() if isinstance(part, nn.Linear))


def attention_flops(attention: Any, queries: int, keys: int) -> int:
    """FLOPs of an attention layer with `to_q`, `to_k`, `to_v`, `to_out` for so many query and key tokens."""
    on_queries = linear_flops(attention.to_q, queries) + linear_flops(attention.to_out, queries)
    on_keys = linear_flops(attention.to_k, keys) + linear_flops(attention.to_v, keys)
    return on_queries + on_keys + 4 * queries * keys * int(attention.to_q.out_features)


def joint_attention_flops(attention: "nn.Module", tokens: int, words: int) -> int:
    """FLOPs of attention over video tokens and words together, each with projections of their own.

    The words' projections are those with `add` in their name (diffusers' `added_kv_proj_dim`).
    """
    from torch import nn

    linear = {name: part for name, part in attention.named_modules() if isinstance(part, nn.Linear)}
    rows = {name: words if "add" in name else tokens for name in linear}
    projections = sum(2 * rows[name] * part.weight.numel() for name, part in linear.items())
    return projections + 4 * (tokens + words) ** 2 * linear["to_q"].out_features
