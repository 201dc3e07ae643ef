"""What a student can be trained with, by name: the paper's method, and what it is compared with."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from vip.losses.diffusion_dpo import DiffusionDPO
from vip.losses.feature_distillation import feature_distillation
from vip.losses.redpo import redpo

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Terms:
    """What a batch of pairs gives: L_diff-dpo with what it is made of, L_SFT and, if asked for, L_FeatKD."""

    dpo: DiffusionDPO
    sft: "Tensor"
    features: "Tensor | None" = None


@dataclass(frozen=True)
class Weights:
    """w_SFT, and BK-SDM's lambda_OutKD and lambda_FeatKD."""

    sft: float
    output: float = 1.0
    features: float = 1.0


Method = Callable[[Terms, Weights], "Tensor"]
"""The terms and their weights -> the loss to minimise."""


def _redpo(terms: Terms, weights: Weights) -> "Tensor":
    return redpo(terms.dpo.loss, terms.sft, weights.sft)


def _sft_alone(terms: Terms, weights: Weights) -> "Tensor":
    """w_SFT * L_SFT: ReDPO without its preference term, on the same scale, so that clipping acts alike."""
    return weights.sft * terms.sft


def _dpo_alone(terms: Terms, _weights: Weights) -> "Tensor":
    """L_diff-dpo: ReDPO with w_SFT = 0."""
    return terms.dpo.loss


def _task(terms: Terms) -> "Tensor":
    """E d_w: the ordinary diffusion loss on the teacher's clips, less its value for the reference.

    What is subtracted does not depend on the student, so its gradient is that of E ||eps - eps_theta||^2.
    """
    return terms.dpo.winner_margin.mean()


def _finetuning(terms: Terms, weights: Weights) -> "Tensor":
    """w_SFT * L_Task; the weight keeps the scale of the other methods, so that clipping acts alike."""
    return weights.sft * _task(terms)


def _feature_distillation(terms: Terms, weights: Weights) -> "Tensor":
    """w_SFT * BK-SDM's loss, on that scale as well; its L_OutKD is L_SFT."""
    assert terms.features is not None, "feature distillation compares features"
    return weights.sft * feature_distillation(
        _task(terms), terms.sft, terms.features, weights.output, weights.features
    )


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "redpo": _redpo,
        "sft": _sft_alone,
        "dpo": _dpo_alone,
        "finetuning": _finetuning,
        "feature_distillation": _feature_distillation,
    }
)
"""All methods; they take the same draws and the same reference predictions."""
OF_WINNERS = ("sft", "finetuning", "feature_distillation")
"""Methods whose loss has no gradient by the losers: these are only looked at, for the training curve."""
WITH_TEACHER = ("feature_distillation",)
"""Methods that need the reference itself beside the student, not only what it predicted."""
