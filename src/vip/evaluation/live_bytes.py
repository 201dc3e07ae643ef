"""How many bytes of tensors are alive at once, of those that operations make. Needs torch: import it late."""

import weakref
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """Follows each storage that an operation makes until it is freed; what it was given does not count.

    On any device, the one without contents ("meta") as well. An operation's own scratch is not seen.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._alive: dict[int, int] = {}

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        given = {_identity(tensor) for tensor in _tensors((args, kwargs))}
        for tensor in _tensors(made):
            if _identity(tensor) not in given:
                self._follow(tensor)
        self.peak = max(self.peak, sum(self._alive.values()))
        return made

    def _follow(self, tensor: torch.Tensor) -> None:
        storage, key = tensor.untyped_storage(), _identity(tensor)
        if key not in self._alive:
            self._alive[key] = storage.nbytes()
            weakref.finalize(storage, self._alive.pop, key, None)


def _tensors(tree: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _identity(tensor: torch.Tensor) -> int:
    """The same for all tensors that share memory."""
    return int(StorageWeakRef(tensor.untyped_storage()).cdata)
