"""Taking modules out of a network in place: each leaves something behind that may be called like it."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn


def remove_modules(model: "nn.Module", paths: Iterable[str]) -> None:
    """Replace the modules at these paths by passthroughs; their weights are freed."""
    for path in paths:
        assert not is_removed(model.get_submodule(path)), f"{path} was removed before"
        model.set_submodule(path, _passthrough_class()())


def remove_joining_module(model: "nn.Module", path: str, channels: int) -> None:
    """Replace a module that reads hidden states and a skip connection, joined: only the former are kept.

    `channels` is how many of the joined channels (B, channels + skip channels, ...) are hidden states.
    """
    assert not is_removed(model.get_submodule(path)), f"{path} was removed before"
    model.set_submodule(path, _passthrough_class()(channels))


def is_removed(module: "nn.Module") -> bool:
    """Whether a passthrough stands where a module was."""
    return isinstance(module, _passthrough_class())


@cache
def _passthrough_class() -> "type[nn.Module]":
    from torch import nn

    class Passthrough(nn.Module):
        """Returns its first input, or the first channels of it, whatever else it is called with.

        U-Net blocks zip residual, attention and motion layers: a removed layer must leave something callable.
        As diffusers' transformers do, it answers `return_dict=False` with a tuple.
        """

        def __init__(self, channels: int | None = None) -> None:
            super().__init__()
            self.channels = channels

        def forward(
            self, hidden_states: "Tensor", *_others: object, return_dict: bool = True, **_named: object
        ) -> "Tensor | tuple[Tensor]":
            kept = hidden_states if self.channels is None else hidden_states[:, : self.channels]
            return kept if return_dict else (kept,)

    return Passthrough
