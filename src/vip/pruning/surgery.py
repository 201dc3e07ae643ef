"""Taking modules out of a network in place: each leaves a passthrough behind."""

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


def is_removed(module: "nn.Module") -> bool:
    """Whether a passthrough stands where a module was."""
    return isinstance(module, _passthrough_class())


@cache
def _passthrough_class() -> "type[nn.Module]":
    from torch import nn

    class Passthrough(nn.Module):
        """Returns its first input and accepts whatever else the module it stands for was called with.

        U-Net blocks zip residual, attention and motion layers: a removed layer must leave something callable.
        """

        def forward(self, hidden_states: "Tensor", *_others: object, **_named: object) -> "Tensor":
            return hidden_states

    return Passthrough
