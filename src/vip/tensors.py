"""Tensors in safetensors files, with errors that say what is the matter, and whether they are numbers."""

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def save_tensors(
    path: Path, tensors: "Mapping[str, Tensor]", metadata: Mapping[str, str] | None = None
) -> None:
    """Write contiguous tensors bit for bit; OSError where the disk does not take them."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as error:  # the library tells of a full disk in its own error
        raise OSError(errno.EIO, str(error), str(path)) from None


def load_tensors(path: Path) -> "dict[str, Tensor]":
    """Read all tensors of a file; ValueError where its header lies or the file is none of safetensors."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"not safetensors: {error}") from None
    return tensors


def not_finite(tensors: "Mapping[str, Tensor]") -> str:
    """The name of a tensor that holds NaN or infinity; empty where all are numbers."""
    import torch

    for name, tensor in tensors.items():
        if not tensor.is_floating_point() or tensor.is_meta or not tensor.numel():
            continue
        if not torch.stack(torch.aminmax(tensor.detach())).isfinite().all():
            return name
    return ""
