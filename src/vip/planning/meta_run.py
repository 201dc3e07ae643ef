"""Runs code on tensors without contents and counts what it would cost: FLOPs, and the bytes alive at once."""

import weakref
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

    unmasked = cast("Any", _config).patch(meta_nonzero_assume_all_nonzero=True)
    memory, attention = _memory_mode()(), _Attention()
    fused = replaced(functional, "scaled_dot_product_attention", attention)
    halved = autocast() if half else nullcontext()
    with FlopCounterMode(display=False) as counter, fused, memory, halved, unmasked:
        run()
    return Cost(int(counter.get_total_flops()) + attention.flops, memory.peak)


def _memory_mode() -> "type[Any]":
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_leaves

    class LiveBytes(TorchDispatchMode):
        """Follows each storage that an operation makes until it is freed."""

        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]
            self.alive: dict[int, int] = {}
            self.peak = 0

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            given = {_identity(leaf) for leaf in tree_leaves((args, kwargs)) if _is_tensor(leaf)}
            made = function(*args, **(kwargs or {}))
            for leaf in tree_leaves(made):
                if _is_tensor(leaf) and _identity(leaf) not in given:
                    self._follow(leaf)
            self.peak = max(self.peak, sum(self.alive.values()))
            return made

        def _follow(self, tensor: "Tensor") -> None:
            storage, key = tensor.untyped_storage(), _identity(tensor)
            if key not in self.alive:
                self.alive[key] = storage.nbytes()
                weakref.finalize(storage, self.alive.pop, key, None)

    return LiveBytes


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


def _is_tensor(leaf: object) -> bool:
    import torch

    return isinstance(leaf, torch.Tensor)


def _identity(tensor: "Tensor") -> int:
    """The same for all tensors that share memory."""
    from torch.multiprocessing.reductions import StorageWeakRef

    return int(StorageWeakRef(tensor.untyped_storage()).cdata)
