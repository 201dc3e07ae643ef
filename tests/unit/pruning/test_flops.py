"""FLOPs of a transformer against numbers worked out by hand."""

import torch
from diffusers.models.attention import BasicTransformerBlock
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from vip.pruning.flops import transformer_flops


def test_a_linear_layer_costs_two_operations_a_weight_and_token() -> None:
    assert transformer_flops(nn.Linear(3, 5), sequences=7, length=2) == 2 * 3 * 5 * 7 * 2


def test_attention_costs_two_products_of_all_pairs_of_tokens() -> None:
    """Width 8, four projections, feed-forward 8 -> 2 x 32 (gated) -> 8; pairs of 5 tokens."""
    block = BasicTransformerBlock(dim=8, num_attention_heads=2, attention_head_dim=4, activation_fn="geglu")
    weights = 4 * 8 * 8 + 8 * 64 + 32 * 8
    assert transformer_flops(block, sequences=3, length=5) == 2 * 3 * 5 * weights + 2 * (2 * 3 * 5 * 5 * 8)


def test_agrees_with_what_torch_counts() -> None:
    """Attention is spelt out, because torch does not count its fused kernel on the CPU."""
    block = BasicTransformerBlock(dim=8, num_attention_heads=2, attention_head_dim=4, activation_fn="geglu")
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        block(torch.randn(3, 5, 8))
    assert transformer_flops(block, sequences=3, length=5) == counter.get_total_flops()
