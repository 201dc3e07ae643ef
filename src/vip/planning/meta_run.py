"""Runs code on tensors without contents and counts what it would cost: FLOPs, and the bytes alive at once."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from vip.planning.autocast import autocast, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


@dataclass(frozen=True)
class Cost:
    """FLOPs (2 x multiply-accumulates), and the most bytes of tensors that were made and alive at once."""

    flops: int
    peak_bytes: int


def cost_of(run: "Callable[[], object]", *, half: bool = False) -> Cost:
    """What `run` costs, whose tensors are all on the meta device; what it was given does not count.

    With `half` as if it ran on a GPU under autocast to bfloat16.

    Attention is taken to be fused, as it is on GPUs: its scores are never stored, and its backward pass,
    which computes them again, costs two and a half times its forward pass. No word counts as padding.
    """
    from torch.fx.experimental import _config
    from torch.nn import functional
    from torch.utils.flop_counter import FlopCounterMode

    from vip.evaluation.live_bytes import LiveBytes

    unmasked = cast("Any", _config).patch(meta_nonzero_assume_all_nonzero=True)
    memory, attention = LiveBytes(), _Attention()
    fused = replaced(functional, "scaled_dot_product_attention", attention)
    halved = autocast() if half else nullcontext()
    with FlopCounterMode(display=False) as counter, fused, memory, halved, unmasked:
        run()
    return Cost(int(counter.get_total_flops()) + attention.flops, memory.peak)


class _Attention:
    """Stands in for scaled dot product attention: the output's shape, without the score matrix."""

    def __init__(self) -> None:
        self.flops = 0

    def __call__(self, query: "Tensor", key: "Tensor", value: "Tensor", *_args: Any, **_named: Any) -> Any:
        products = query[..., 0].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1])

        def count(times: float) -> None:
            self.flops += int(2 * products * times)

        return _attention_class().apply(query, key, value, count)


@cache
def _attention_class() -> "type[Any]":
    import torch

    class Attention(torch.autograd.Function):
        """Keeps for the backward pass what fused attention keeps: its inputs and its output."""

        @staticmethod
        def forward(
            context: Any, query: "Tensor", key: "Tensor", value: "Tensor", count: "Callable[[float], None]"
        ) -> "Tensor":
            attended = query.new_empty((*query.shape[:-1], value.shape[-1]))
            context.save_for_backward(query, key, value, attended)
            context.count = count
            count(1)
            return attended

        @staticmethod
        def backward(context: Any, *_gradients: "Tensor") -> "tuple[Tensor | None, ...]":
            query, key, value, _ = context.saved_tensors
            context.count(2.5)
            return torch.empty_like(query), torch.empty_like(key), torch.empty_like(value), None

    return Attention
