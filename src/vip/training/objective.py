"""The terms of the loss for one batch of pairs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.losses.diffusion_dpo import diffusion_dpo
from vip.losses.feature_distillation import feature_loss
from vip.losses.methods import Terms
from vip.losses.sft import sft
from vip.losses.squared_error import squared_error
from vip.training.features import captured, of_winners

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from torch import Tensor, nn

    from vip.families.base import VideoFamily
    from vip.training.batches import NoisyPairs
    from vip.training.features import FeatureTeacher
    from vip.types import Conditioning


@dataclass(frozen=True)
class TrainingBatch:
    """B pairs as 2B samples, winners first, and what the reference predicted for them (2B, C, F, h, w).

    `share` is its part of the global batch times the number of processes (1 where it is all there is): means
    over processes of sums of `share` times local means are global means.
    """

    samples: "NoisyPairs"
    conditioning: "Conditioning"
    reference: "Tensor"
    share: float


@dataclass(frozen=True)
class _Predicted:
    """The student's predictions (B, C, F, h, w), and its features of the winners."""

    winners: "Tensor"
    losers: "Tensor"
    features: "Mapping[str, Tensor]"


def terms(
    family: "VideoFamily",
    denoiser: "nn.Module",
    batch: TrainingBatch,
    beta: float,
    teacher: "FeatureTeacher | None" = None,
    *,
    learn_from_losers: bool = True,
) -> Terms:
    """All terms, from what the student predicts for winners and losers (paper Sec. 3.4.1).

    With a teacher also L_FeatKD, from a call of it on the winners. Without `learn_from_losers` the terms are
    the same, but their gradients are those of the winners alone, and cost no more than these.
    """
    wanted = teacher.features(batch.samples, batch.conditioning) if teacher else {}
    call = _together if learn_from_losers else _losers_without_gradient
    student = call(family, denoiser, batch, wanted)
    target, reference = batch.samples.target.chunk(2), batch.reference.chunk(2)
    dpo = diffusion_dpo(
        student_winner=squared_error(student.winners, target[0]),
        reference_winner=squared_error(reference[0], target[0]),
        student_loser=squared_error(student.losers, target[1]),
        reference_loser=squared_error(reference[1], target[1]),
        beta=beta,
    )
    features = feature_loss(student.features, wanted, len(target[0])) if teacher else None
    return Terms(dpo, sft(student.winners, reference[0]), features)


def _together(
    family: "VideoFamily", denoiser: "nn.Module", batch: TrainingBatch, places: "Collection[str]"
) -> _Predicted:
    with captured(family, places) as found:
        predicted = _predict(family, denoiser, batch, slice(None))
    winners, losers = predicted.chunk(2)
    return _Predicted(winners, losers, of_winners(found))


def _losers_without_gradient(
    family: "VideoFamily", denoiser: "nn.Module", batch: TrainingBatch, places: "Collection[str]"
) -> _Predicted:
    import torch

    pairs = len(batch.samples.noisy) // 2
    with torch.no_grad():
        losers = _predict(family, denoiser, batch, slice(pairs, None))
    with captured(family, places) as found:
        winners = _predict(family, denoiser, batch, slice(pairs))
    return _Predicted(winners, losers, found)


def _predict(family: "VideoFamily", denoiser: "nn.Module", batch: TrainingBatch, part: slice) -> "Tensor":
    conditioning = {name: tensor[part] for name, tensor in batch.conditioning.items()}
    return family.predict(denoiser, batch.samples.noisy[part], batch.samples.timesteps[part], conditioning)
