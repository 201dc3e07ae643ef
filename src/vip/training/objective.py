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


def terms(
    family: "VideoFamily",
    denoiser: "nn.Module",
    batch: TrainingBatch,
    beta: float,
    teacher: "FeatureTeacher | None" = None,
) -> Terms:
    """All terms from one call of the student on winners and losers (paper Sec. 3.4.1).

    With a teacher also L_FeatKD, from a call of it on the winners.
    """
    samples = batch.samples
    wanted = teacher.features(samples, batch.conditioning) if teacher else {}
    with captured(family, wanted) as found:
        predicted = family.predict(denoiser, samples.noisy, samples.timesteps, batch.conditioning)
    student_winner, student_loser = squared_error(predicted, samples.target).chunk(2)
    reference_winner, reference_loser = squared_error(batch.reference, samples.target).chunk(2)
    dpo = diffusion_dpo(student_winner, reference_winner, student_loser, reference_loser, beta)
    distilled = sft(predicted.chunk(2)[0], batch.reference.chunk(2)[0])
    features = feature_loss(of_winners(found), wanted, len(student_winner)) if teacher else None
    return Terms(dpo, distilled, features)
