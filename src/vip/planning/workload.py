"""How much work a run of V.I.P. is: clips, denoiser calls, FLOPs, disk and memory, stage by stage.

All numbers are upper bounds: every candidate pair becomes a pair, and no stage's model is cheaper than the
teacher. Only the denoiser's work is counted; text encoders, decoding and scoring come on top.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from vip.planning.meta_run import Cost, cost_of
from vip.types import PROPERTIES, Sampler, Table

if TYPE_CHECKING:
    from vip.families.base import VideoFamily

FLOAT = 4
"""Bytes of a float32, in which everything is kept."""


@dataclass(frozen=True)
class Workload:
    """What decides how much there is to do; `units` are the candidates of each stage's block search."""

    units: Sequence[int]
    scoring_prompts: int
    stage_prompts: int
    evaluation_prompts: int
    sampler: Sampler
    batch_size: int
    epochs: int
    training_batch: int
    reference_batch: int


@dataclass(frozen=True)
class Phase:
    """One kind of work in one stage. `reused` clips are there already; `calls` count clips, not batches."""

    stage: int
    phase: str
    clips: int
    reused: int
    calls: int
    flops: float
    disk_bytes: int
    peak_bytes: int


def plan(model: "VideoFamily", work: Workload) -> Table:
    """One row a stage and phase, from a model on the meta device: the fields of `Phase`."""
    import pandas as pd

    costs = _Costs.measure(model)
    phases = [phase for number in range(1, len(work.units) + 1) for phase in _stage(number, costs, work)]
    return pd.DataFrame([asdict(phase) for phase in phases])


@dataclass(frozen=True)
class _Costs:
    """The costs of one clip and one call, and the sizes that memory and disk follow from."""

    forward: Cost
    training: Cost
    clip_bytes: int
    latent_bytes: int
    weight_bytes: int
    trained_bytes: int

    @classmethod
    def measure(cls, model: "VideoFamily") -> "_Costs":
        latents = math.prod(model.latent_shape) * FLOAT
        trainable = model.trainable().values()
        return cls(
            forward=cost_of(lambda: _call(model, gradients=False)),
            training=cost_of(lambda: _call(model, gradients=True)),
            clip_bytes=latents + math.prod(model.frame_shape),
            latent_bytes=latents,
            weight_bytes=FLOAT * sum(value.numel() for value in model.denoiser.parameters()),
            trained_bytes=FLOAT * sum(value.numel() for value in trainable),
        )


def _stage(number: int, costs: _Costs, work: Workload) -> Iterable[Phase]:
    first = number == 1
    search = work.scoring_prompts * (work.units[number - 1] + 1)
    pairs = work.stage_prompts * len(PROPERTIES)
    yield _generation(number, "block search", search, 0, costs, work)
    yield _generation(number, "damage", work.scoring_prompts, work.scoring_prompts, costs, work)
    yield _generation(number, "pairs: teacher", work.stage_prompts, 0, costs, work)
    yield _generation(number, "pairs: pruned", work.stage_prompts, 0, costs, work)
    yield _reference(number, pairs, costs, work)
    yield _training(number, pairs, costs, work)
    evaluated, kept = (3, 0) if first else (2, 1)
    yield _generation(
        number,
        "evaluation",
        evaluated * work.evaluation_prompts,
        kept * work.evaluation_prompts,
        costs,
        work,
    )


def _generation(number: int, phase: str, clips: int, reused: int, costs: _Costs, work: Workload) -> Phase:
    guided = 2 if work.sampler.guidance_scale > 1 else 1
    calls = clips * work.sampler.steps * guided
    return Phase(
        stage=number,
        phase=phase,
        clips=clips,
        reused=reused,
        calls=calls,
        flops=calls * costs.forward.flops,
        disk_bytes=clips * costs.clip_bytes,
        peak_bytes=costs.weight_bytes + guided * work.batch_size * costs.forward.peak_bytes,
    )


def _reference(number: int, pairs: int, costs: _Costs, work: Workload) -> Phase:
    """The teacher's predictions for winner and loser, once for each draw."""
    calls = 2 * pairs * work.epochs
    return Phase(
        stage=number,
        phase="reference predictions",
        clips=0,
        reused=0,
        calls=calls,
        flops=calls * costs.forward.flops,
        disk_bytes=calls * costs.latent_bytes,
        peak_bytes=costs.weight_bytes + 2 * work.reference_batch * costs.forward.peak_bytes,
    )


def _training(number: int, pairs: int, costs: _Costs, work: Workload) -> Phase:
    """Weights, their gradients and Adam's two moments; the pruned model, two checkpoints and the student."""
    calls = 2 * pairs * work.epochs
    return Phase(
        stage=number,
        phase="ReDPO training",
        clips=0,
        reused=0,
        calls=calls,
        flops=calls * costs.training.flops,
        disk_bytes=2 * costs.weight_bytes + 2 * 3 * costs.trained_bytes,
        peak_bytes=costs.weight_bytes
        + 3 * costs.trained_bytes
        + 2 * work.training_batch * costs.training.peak_bytes,
    )


def _call(model: "VideoFamily", *, gradients: bool) -> None:
    """One denoiser call for one clip, with its backward pass where gradients are wanted."""
    import torch

    noisy = torch.zeros(1, *model.latent_shape, device="meta")
    timesteps = torch.zeros(1, device="meta")
    conditioning = model.encode([""])
    for value in model.trainable().values():
        value.requires_grad_(gradients)
    with torch.set_grad_enabled(gradients):
        prediction = model.predict(model.denoiser, noisy, timesteps, conditioning)
        if gradients:
            prediction.square().mean().backward()
