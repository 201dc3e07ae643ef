"""How much work a run of V.I.P. is: clips, denoiser calls, FLOPs, disk and memory, stage by stage.

All numbers are upper bounds: every candidate pair becomes a pair, up to the most that are kept; a stage
removes the smallest units that meet its budget, and searches as many as if the largest had gone before. Hours
and FLOPs are the denoiser's; text encoders and decoding count in memory only, scoring not at all. One process
is counted.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from vip.families.base import Granularity
from vip.families.loading import Loading
from vip.planning.budgets import StageUnits
from vip.planning.held import FLOAT, Held, Work
from vip.types import PROPERTIES, Sampler, Table

if TYPE_CHECKING:
    from vip.families.base import VideoFamily


@dataclass(frozen=True)
class Workload:
    """What decides how much there is to do, and what has to be in memory for it."""

    stages: Sequence[StageUnits]
    granularity: Granularity
    scoring_prompts: int
    stage_prompts: int
    evaluation_prompts: int
    sampler: Sampler
    batch_size: int
    epochs: int
    training_batch: int
    reference_batch: int
    maximum_pairs: int | None
    """Most pairs of a stage; None where all are kept."""
    loading: Loading
    training_loading: Loading
    gradient_checkpointing: bool
    in_parts: bool
    """Whether `training_batch` is a micro-batch, of which a step has several."""
    averaged: bool
    gradient_norm_every: int
    learns_from_losers: bool
    """Whether losers go through the backward pass of steps that measure no gradient norms."""
    teacher_beside: Loading | None
    """How the teacher is held beside the student in training; None where the method does without."""

    def calls_per_step(self, model: "VideoFamily") -> int:
        """Denoiser calls a step and clip."""
        return model.calls_with_guidance if self.sampler.guidance_scale > 1 else 1


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


@dataclass(frozen=True)
class _Stage:
    """What the models of a stage take: the teacher, what it starts from, and what is left of that."""

    number: int
    searched: int
    teacher: Work
    previous: Work
    pruned: Work
    reference: Work
    optimisation: Work
    stored_bytes: int
    trained_bytes: int


def plan(outline: "Callable[[], VideoFamily]", work: Workload) -> Table:
    """One row a stage and phase, the fields of `Phase`; `outline` opens the teacher on the meta device.

    UserError where the model cannot be held or trained as the settings say.
    """
    import pandas as pd

    model = outline()
    calls = work.calls_per_step(model)
    latent_bytes = math.prod(model.latent_shape) * FLOAT
    clip_bytes = latent_bytes + math.prod(model.frame_shape)
    phases = [
        phase
        for stage in _stages(outline, work, calls)
        for phase in _phases(stage, work, calls, clip_bytes=clip_bytes, latent_bytes=latent_bytes)
    ]
    return pd.DataFrame([asdict(phase) for phase in phases])


def _stages(outline: "Callable[[], VideoFamily]", work: Workload, calls: int) -> Iterable[_Stage]:
    beside = Held(outline(), work.teacher_beside) if work.teacher_beside else None
    sampled = Held(outline(), work.loading)
    trained = Held(outline(), work.training_loading, training=True, teacher=beside)
    reference = Held(outline(), work.training_loading).prediction(work.reference_batch)
    teacher = previous = sampled.generation(work.batch_size, calls)
    for number, units in enumerate(work.stages, 1):
        for held in (sampled, trained):
            held.remove(units.removed, work.granularity)
        pruned = sampled.generation(work.batch_size, calls)
        optimisation = trained.optimisation(
            work.training_batch,
            checkpointing=work.gradient_checkpointing,
            averaged=work.averaged,
            norms_every=work.gradient_norm_every,
            in_parts=work.in_parts,
            learns_from_losers=work.learns_from_losers,
        )
        yield _Stage(
            number,
            units.searched,
            teacher,
            previous,
            pruned,
            reference,
            optimisation,
            trained.stored_bytes,
            trained.trained_bytes,
        )
        previous = pruned


def _phases(
    stage: _Stage, work: Workload, calls_per_step: int, *, clip_bytes: int, latent_bytes: int
) -> Iterable[Phase]:
    def generated(phase: str, reused: int, *made: tuple[int, Work]) -> Phase:
        """Clips made by one model or more, and those that are there already."""
        calls_per_clip = work.sampler.steps * calls_per_step
        clips = sum(count for count, _ in made)
        return Phase(
            stage=stage.number,
            phase=phase,
            clips=clips,
            reused=reused,
            calls=clips * calls_per_clip,
            flops=sum(count * calls_per_clip * model.flops for count, model in made),
            disk_bytes=clips * clip_bytes,
            peak_bytes=max(model.peak_bytes for _, model in made),
        )

    def learned(phase: str, model: Work, disk_bytes: int) -> Phase:
        """Calls for winner and loser of each pair, once for each draw."""
        return Phase(stage.number, phase, 0, 0, calls, calls * model.flops, disk_bytes, model.peak_bytes)

    scoring, prompts, evaluated = work.scoring_prompts, work.stage_prompts, work.evaluation_prompts
    pairs = min(prompts * len(PROPERTIES), work.maximum_pairs or math.inf)
    calls = 2 * int(pairs) * work.epochs
    compared = [(2 * evaluated, stage.pruned)]
    if stage.number == 1:
        compared.append((evaluated, stage.teacher))
    models = 2 * stage.stored_bytes
    checkpoints = 2 * (4 if work.averaged else 3) * stage.trained_bytes
    yield generated("block search", 0, (scoring * (stage.searched + 1), stage.previous))
    yield generated("damage", scoring, (scoring, stage.pruned))
    yield generated("pairs: teacher", 0, (prompts, stage.teacher))
    yield generated("pairs: pruned", 0, (prompts, stage.pruned))
    yield learned("reference predictions", stage.reference, calls * latent_bytes)
    yield learned("ReDPO training", stage.optimisation, models + checkpoints)
    yield generated("evaluation", 0 if stage.number == 1 else evaluated, *compared)
