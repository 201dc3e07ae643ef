"""What a student can be trained with, by name: the paper's method and the two halves it is compared with."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from vip.losses.diffusion_dpo import DiffusionDPO
from vip.losses.redpo import redpo

if TYPE_CHECKING:
    from torch import Tensor

Method = Callable[[DiffusionDPO, "Tensor", float], "Tensor"]
"""(the preference term, L_SFT, w_SFT) -> the loss to minimise."""


def _redpo(dpo: DiffusionDPO, sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    return redpo(dpo.loss, sft_loss, sft_weight)


def _sft_alone(dpo: DiffusionDPO, sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """w_SFT * L_SFT: ReDPO without its preference term, on the same scale, so that clipping acts alike."""
    del dpo
    return sft_weight * sft_loss


def _dpo_alone(dpo: DiffusionDPO, sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """L_diff-dpo: ReDPO with w_SFT = 0."""
    del sft_loss, sft_weight
    return dpo.loss


def _finetuning(dpo: DiffusionDPO, sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """w_SFT * E d_w: the ordinary diffusion loss on the teacher's clips, less its value for the reference.

    What is subtracted does not depend on the student, so its gradient is that of E ||eps - eps_theta||^2; the
    weight keeps the scale of the other methods, so that clipping acts alike.
    """
    del sft_loss
    return sft_weight * dpo.winner_margin.mean()


METHODS: Mapping[str, Method] = MappingProxyType(
    {"redpo": _redpo, "sft": _sft_alone, "dpo": _dpo_alone, "finetuning": _finetuning}
)
"""All methods; they take the same draws and the same reference predictions."""
