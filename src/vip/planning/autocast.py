"""Autocast to bfloat16 for tensors without contents, whose device torch's own autocast does not know."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

PRODUCTS = ("linear", "conv1d", "conv2d", "conv3d", "scaled_dot_product_attention")
"""Functions of torch.nn.functional that compute in bfloat16."""
MATRICES = ("matmul", "bmm", "baddbmm", "addmm", "einsum")
"""Functions of torch that do."""
NORMS = ("layer_norm", "group_norm", "softmax")
"""Functions of torch.nn.functional that compute in float32."""


@contextmanager
def autocast() -> Iterator[None]:
    """Make matrix products bfloat16, and norms float32, as CUDA's autocast does.

    See "Autocast Op Reference" in torch's documentation; only what video models call is listed here.
    """
    import torch
    from torch.nn import functional

    with ExitStack() as stack:
        for owner, names, dtype in (
            (functional, PRODUCTS, torch.bfloat16),
            (torch, MATRICES, torch.bfloat16),
            (functional, NORMS, torch.float32),
        ):
            for name in names:
                stack.enter_context(
                    replaced(owner, name, partial(_cast_and_call, getattr(owner, name), dtype))
                )
        yield


@contextmanager
def replaced(owner: Any, name: str, function: Callable[..., Any]) -> Iterator[None]:
    """Put a function in another's place, in backward passes too, which suspend torch's own modes."""
    original = getattr(owner, name)
    setattr(owner, name, function)
    try:
        yield
    finally:
        setattr(owner, name, original)


def _cast_and_call(function: Callable[..., Any], dtype: "torch.dtype", *args: Any, **named: Any) -> Any:
    from torch.utils._pytree import tree_map

    args, named = tree_map(partial(_cast, dtype), (args, named))
    return function(*args, **named)


def _cast(dtype: "torch.dtype", leaf: Any) -> Any:
    import torch

    return leaf.to(dtype) if isinstance(leaf, torch.Tensor) and leaf.is_floating_point() else leaf
