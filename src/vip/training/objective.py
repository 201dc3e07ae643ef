"""The two terms of the loss for one batch of pairs, and the gradient norm of each."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.losses.diffusion_dpo import DiffusionDPO, diffusion_dpo
from vip.losses.sft import sft
from vip.losses.squared_error import squared_error

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vip.families.base import VideoFamily
    from vip.training.batches import NoisyPairs
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
class Terms:
    """L_diff-dpo with what it is made of, and L_SFT, of this process's pairs."""

    dpo: DiffusionDPO
    sft: "Tensor"


def terms(family: "VideoFamily", denoiser: "nn.Module", batch: TrainingBatch, beta: float) -> Terms:
    """Both terms from one call of the student on winners and losers (paper Sec. 3.4.1)."""
    samples = batch.samples
    predicted = family.predict(denoiser, samples.noisy, samples.timesteps, batch.conditioning)
    student_winner, student_loser = squared_error(predicted, samples.target).chunk(2)
    reference_winner, reference_loser = squared_error(batch.reference, samples.target).chunk(2)
    dpo = diffusion_dpo(student_winner, reference_winner, student_loser, reference_loser, beta)
    return Terms(dpo, sft(predicted.chunk(2)[0], batch.reference.chunk(2)[0]))
