"""FSDP2 (torch's `fully_shard`): each process holds its part of every weight, gradient and moment.

A block's weights are whole only while it computes. What was a tensor becomes a DTensor: it acts as one and
has the same name, but this process has only its rows.
"""

import warnings
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from vip.training.settings import ReDPOTraining


def is_sharded(settings: "ReDPOTraining", processes: int) -> bool:
    """Whether a training in so many processes is sharded: one alone has nobody to share with."""
    return settings.sharding == "fsdp" and processes > 1


def shard(denoiser: "nn.Module", device_type: str) -> None:
    """Share out a denoiser's parameters, frozen ones too, in place, and bring this process's to its device.

    Blocks are gathered one by one; what stands around them stays whole through a forward and backward pass.
    """
    from torch.distributed import get_world_size
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    # torch warns of what could go wrong with any block; that nothing does, the contract of families shows
    warnings.filterwarnings("ignore", message="FSDP2-wrapped module", category=UserWarning)
    mesh = init_device_mesh(device_type, (get_world_size(),))
    for module in (*blocks(denoiser), denoiser):
        fully_shard(module, mesh=mesh)


def blocks(model: "nn.Module") -> "Iterator[nn.Module]":
    """The members of its outermost module lists that have parameters: what repeats in any architecture."""
    from torch import nn

    for child in model.children():
        if isinstance(child, nn.ModuleList):
            yield from (block for block in child if next(block.parameters(), None) is not None)
        else:
            yield from blocks(child)


def whole(tensor: "Tensor") -> "Tensor":
    """All of a tensor, in every process; where it is sharded, all have to ask for it."""
    from torch.distributed.tensor import DTensor

    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def gathered(tensors: "Mapping[str, Tensor]", *, keep: bool) -> "dict[str, Tensor]":
    """Whole tensors, gathered one by one, on the CPU where they were sharded; {} for who keeps none."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        own = tensor.detach()
        complete = whole(own)
        if keep:
            found[name] = own if complete is own else complete.cpu()
    return found


def placed_like(tensor: "Tensor", model: "Tensor") -> "Tensor":
    """A tensor on the device of another one; a whole one, which every process has, sharded as that one is."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    moved = tensor.to(model.device)
    if not isinstance(model, DTensor) or isinstance(tensor, DTensor):
        return moved
    return distribute_tensor(moved, model.device_mesh, model.placements, src_data_rank=None)


def part_of_gradient(loss: "Tensor", parameters: "Sequence[nn.Parameter]") -> "list[Tensor]":
    """This process's part of a loss's gradient, a mean over processes, a tensor a parameter; `.grad` stays.

    By a backward pass: `torch.autograd.grad` knows nothing of the tensors that stand for a sharded parameter
    while it is whole.
    """
    kept = [parameter.grad for parameter in parameters]
    for parameter in parameters:
        parameter.grad = None
    loss.backward(retain_graph=True)
    parts = [_own_part(parameter) for parameter in parameters]
    for parameter, gradient in zip(parameters, kept, strict=True):
        parameter.grad = gradient
    return parts


def _own_part(parameter: "nn.Parameter") -> "Tensor":
    import torch

    gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return cast("Tensor", cast("Any", gradient).to_local())
