"""Find what each unit is worth, remove the cheapest, and name what that damaged (paper Sec. 3.2, Alg. 1)."""

import logging
from dataclasses import replace
from typing import Any

from vip.errors import UserError
from vip.evaluation.comparison import paired_differences
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.generation.clips import lazy_clips
from vip.generation.variant import ModelVariant
from vip.pipelines.block_pruning.config import BlockPruning, Budget
from vip.pipelines.video_generation.config import VideoGeneration
from vip.pruning.importance import WHOLE, importance_table, losses_of
from vip.pruning.record import record_to_json
from vip.pruning.selection import choose
from vip.pruning.units import prunable_parameters, units_of, units_table
from vip.types import PROPERTIES, Clip, LazyMap, PrunedStage, Table

logger = logging.getLogger(__name__)


def list_units(previous_student: ModelFolder, budget: Budget, settings: BlockPruning) -> Table:
    """The units of the previous student; a budget that they cannot meet is refused before any search."""
    units = previous_student.open("meta").units(settings.granularity)
    if not any(unit.removable for unit in units):
        raise UserError(
            f"{previous_student.path}: 0 of {len(units)} units are removable at granularity "
            f"{settings.granularity}; choose another granularity, or run fewer stages"
        )
    choose(units, {unit.name: 0.0 for unit in units}, budget, settings.granularity)
    return units_table(units)


def generate_candidate_clips(
    previous_student: ModelFolder,
    units: Table,
    scoring_prompts: Table,
    sampling: VideoGeneration,
    settings: BlockPruning,
) -> LazyMap[Clip]:
    """The clips of the whole model (unit "") and of the model without each removable unit alone.

    All candidates are given the same prompts and initial noise, so that scores differ by the unit alone.
    """
    names = [unit.name for unit in units_of(units) if unit.removable]
    without = {name: ModelVariant(previous_student, (name,), settings.granularity) for name in names}
    return lazy_clips(
        {WHOLE: ModelVariant(previous_student)} | without,
        scoring_prompts,
        sampling.sampler,
        sampling.batch_size,
        sampling.seed,
        title=f"Generating clips without each of {len(names)} units",
        loading=sampling.loading,
    )


def measure_importance(units: Table, candidate_scores: Table, settings: BlockPruning) -> Table:
    """By unit and dimension, the mean score without the unit and its paired difference to the whole model."""
    return importance_table(units_of(units), candidate_scores, settings.bootstrap)


def choose_units(units: Table, block_importance: Table, budget: Budget, settings: BlockPruning) -> list[str]:
    """Names of the units to remove, cheapest first, until the stage's budget is met."""
    listed, losses = units_of(units), losses_of(block_importance)
    if set(losses) != {unit.name for unit in listed if unit.removable}:
        raise UserError(
            f"block_importance holds {len(losses)} removable units, which are not the stage's units at "
            f"granularity {settings.granularity}; run from candidate_clips again"
        )
    return choose(listed, losses, budget, settings.granularity)


def prune(
    previous_student: ModelFolder, removed_units: list[str], settings: BlockPruning
) -> tuple[VideoFamily, dict[str, Any]]:
    """The student without these units, its record one stage longer, and that record as JSON."""
    model = previous_student.open()
    before, flops_before = prunable_parameters(model), model.flops()
    model.remove(removed_units, settings.granularity)
    stage = PrunedStage(
        stage=len(model.record.stages) + 1,
        removed=tuple(removed_units),
        parameters_before=before,
        parameters_after=prunable_parameters(model),
        flops_before=flops_before,
        flops_after=model.flops(),
    )
    model.record = replace(
        model.record,
        teacher=model.record.teacher or previous_student.fingerprint,
        teacher_name=model.record.teacher_name if model.record.teacher else previous_student.source,
        stages=(*model.record.stages, stage),
    )
    logger.info(
        "removed %d units, %s -> %s prunable parameters: %s",
        len(removed_units),
        f"{stage.parameters_before:,}",
        f"{stage.parameters_after:,}",
        ", ".join(removed_units),
    )
    return model, record_to_json(model.record)


def find_target_properties(
    full_scoring_scores: Table, pruned_scoring_scores: Table, settings: BlockPruning
) -> list[str]:
    """The properties that pruning damaged: those whose mean score fell below the full model's.

    Never empty: if none fell, it is the one that gained least, so that a stage always has a target. With
    `targets: all` it is every property, whatever pruning did.
    """
    differences = paired_differences(pruned_scoring_scores, full_scoring_scores)
    gains = {name: float(differences[name].mean()) for name in PROPERTIES}
    changes = ", ".join(f"{name} {gain:+.3f}" for name, gain in gains.items())
    if settings.targets == "all":
        return list(PROPERTIES)
    if damaged := [name for name, gain in gains.items() if gain < 0]:
        logger.info("pruned against full model: %s; target properties: %s", changes, ", ".join(damaged))
        return damaged
    closest = min(gains, key=lambda name: gains[name])
    logger.warning(
        "pruned against full model: %s; none fell, target property: %s (least gain)", changes, closest
    )
    return [closest]
