"""FLOPs as PyTorch counts them: 2 x multiply-accumulates of products, convolutions and attention."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def count_flops(model: "nn.Module", paths: Iterable[str], *inputs: Any, **named: Any) -> int:
    """FLOPs spent inside the modules at these paths during one call of the model.

    Model and inputs may live on the meta device, where counting costs neither memory nor time.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*inputs, **named)
    counts = counter.get_flop_counts()
    root = type(model).__name__
    return sum(sum(counts[f"{root}.{path}"].values()) for path in paths)
