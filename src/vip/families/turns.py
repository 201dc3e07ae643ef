"""Models take turns on a device: the one that is called comes in, the others wait in the machine's memory.

The hooks are accelerate's, so stock pipelines, too, know where to compute. diffusers' own
`enable_model_cpu_offload` expects a fixed order, text encoder to autoencoder, and only then has one model in.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch
    from torch import nn

    from vip.families.base import VideoFamily


def take_turns(
    teams: "Sequence[Sequence[nn.Module]]", device: str, staying: "Sequence[nn.Module]" = ()
) -> None:
    """Move all models to the CPU, and from now on each to `device` when it is called.

    Whoever is called sends away the models of all other teams; those of its own may stay. Who is `staying`
    sends all of them away, and is never moved.
    """
    from accelerate.hooks import add_hook_to_module

    for team in teams:
        others = [model for other in teams if other is not team for model in other]
        for model in team:
            add_hook_to_module(model, _turn(others, device))
    for model in staying:
        add_hook_to_module(model, _turn([other for team in teams for other in team], device, moves=False))


def device_of(family: "VideoFamily") -> "torch.device":
    """Where a family computes, even while its models wait elsewhere."""
    pipeline: Any = family.to_pipeline()
    device: torch.device = pipeline._execution_device
    return device


def _turn(others: "Sequence[nn.Module]", device: str, *, moves: bool = True) -> Any:
    """A hook that brings a model in before it is called, with what it is given."""
    from accelerate.hooks import ModelHook
    from accelerate.utils import send_to_device

    def wait(model: "nn.Module") -> "nn.Module":
        return model.to("cpu") if moves else model

    def come_in(model: "nn.Module", *args: Any, **named: Any) -> "tuple[Any, Any]":
        for other in others:
            if next(other.parameters()).device.type != "cpu":
                other.to("cpu")
        if moves:
            model.to(device)
        return send_to_device(args, device), send_to_device(named, device)

    hook: Any = ModelHook()
    hook.execution_device, hook.init_hook, hook.pre_forward = device, wait, come_in
    return hook
