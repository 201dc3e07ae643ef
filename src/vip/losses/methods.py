"""What a student can be trained with, by name: the paper's method and the two halves it is compared with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from vip.losses.redpo import redpo

if TYPE_CHECKING:
    from torch import Tensor

Method = Callable[["Tensor", "Tensor", float], "Tensor"]
"""(L_diff-dpo, L_SFT, w_SFT) -> the loss to minimise."""


def _sft_alone(dpo_loss: "Tensor", sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """w_SFT * L_SFT: ReDPO without its preference term, on the same scale, so that clipping acts alike."""
    del dpo_loss
    return sft_weight * sft_loss


def _dpo_alone(dpo_loss: "Tensor", sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """L_diff-dpo: ReDPO with w_SFT = 0."""
    del sft_loss, sft_weight
    return dpo_loss


METHODS: Mapping[str, Method] = MappingProxyType({"redpo": redpo, "sft": _sft_alone, "dpo": _dpo_alone})
"""All methods; they take the same draws and the same reference predictions."""
