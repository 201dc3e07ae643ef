"""What the numbers say, and what they do not: the method's claims (paper Sec. 4.2), judged one by one."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vip.evaluation.bootstrap import Bootstrap, Interval, paired_interval, side_of_zero
from vip.evaluation.comparison import paired_differences
from vip.evaluation.results import records
from vip.evaluation.stages import Evidence
from vip.evaluation.wording import (
    counted,
    interval_as_text,
    interval_of,
    percent,
    quantity_as_text,
    signed,
    spelled,
)
from vip.types import PROPERTIES, Table

Standing = Literal["holds", "partly", "open", "fails"]

MOSTLY = 0.75
"""Recovery from which on training is said to win back most of what pruning lost."""


@dataclass(frozen=True)
class Claim:
    """One statement about the result: what is claimed, whether it holds, and the numbers in words."""

    title: str
    standing: Standing
    text: str


@dataclass(frozen=True)
class Recovery:
    """How much of what pruning cost training won back; all in points of the average score.

    `loss` is the model that the stage started from minus the pruned one; `share` is
    (student - pruned) / (previous - pruned), None where pruning lost nothing.
    """

    loss: Interval
    share: float | None


def recovery_share(previous: float, pruned: float, student: float) -> float | None:
    """(student - pruned) / (previous - pruned) of mean averages; None where pruning lost nothing."""
    lost = previous - pruned
    return (student - pruned) / lost if lost > 0 else None


def recoveries(stages: Sequence[Evidence], bootstrap: Bootstrap) -> list[Recovery]:
    """One recovery a stage; stage 1 starts from the teacher, each later one from the student before it."""
    found = []
    previous = stages[0].full_evaluation_scores
    for evidence in stages:
        pruned, student = evidence.pruned_evaluation_scores, evidence.student_evaluation_scores
        differences = paired_differences(previous, pruned)["average"].to_numpy()
        loss = paired_interval(differences, bootstrap)
        means = [float(table["average"].mean()) for table in (previous, pruned, student)]
        found.append(Recovery(loss, recovery_share(*means)))
        previous = student
    return found


def claims(results: Table, found: Sequence[Recovery]) -> list[Claim]:
    """All claims: size, teacher, gain and recovery of each stage, and the properties one by one."""
    metrics = _metrics_by_row(results)
    last = int(results["stage"].max())
    verdicts = [size_claim(results), teacher_claim(metrics, last)]
    for stage, recovery in enumerate(found, start=int(results["stage"].min())):
        verdicts += [gain_claim(metrics, stage), recovery_claim(metrics, stage, recovery)]
    return [*verdicts, properties_claim(metrics, last)]


def headline(results: Table) -> str:
    """The result in one sentence."""
    metrics = _metrics_by_row(results)
    last = int(results["stage"].max())
    difference, low, high = interval_of(metrics[last, "student", "average"], "full")
    comparison = {
        "above": f"scores {abs(difference):.3f} points above the teacher",
        "below": f"scores {abs(difference):.3f} points below the teacher",
        "unclear": f"cannot be told from the teacher in quality (difference {signed(difference)})",
    }[side_of_zero(low, high)]
    removed = 1 - _cost(results, last, "student", "parameters") / _cost(results, last, "full", "parameters")
    return f"With {percent(removed)} of the prunable parameters gone, the student {comparison}."


def size_claim(results: Table) -> Claim:
    """How much smaller the final student is, in prunable parameters and FLOPs."""
    last = int(results["stage"].max())
    before, after = (_cost(results, last, model, "parameters") for model in ("full", "student"))
    flops_before, flops_after = (_cost(results, last, model, "flops") for model in ("full", "student"))
    text = (
        f"{counted(results['stage'].nunique(), 'stage')} removed {percent(1 - after / before)} of the "
        f"prunable parameters ({quantity_as_text(before)} to {quantity_as_text(after)}) and "
        f"{percent(1 - flops_after / flops_before)} of their FLOPs."
    )
    standing: Standing = "holds" if after < before else "fails"
    return Claim("The student is smaller", standing, text)


def teacher_claim(metrics: Mapping[tuple[int, str, str], Mapping[str, Any]], stage: int) -> Claim:
    """Whether the final student is as good as the teacher on average."""
    row = metrics[stage, "student", "average"]
    difference, low, high = interval_of(row, "full")
    numbers = (
        f"{row['mean']:.3f} against {metrics[stage, 'full', 'average']['mean']:.3f}, "
        f"a difference of {signed(difference)} {interval_as_text(low, high)}"
    )
    title = "The student is as good as the teacher"
    side = side_of_zero(low, high)
    if side == "above":
        return Claim(
            title, "holds", f"On average it is better: {numbers}. The whole interval lies above zero."
        )
    if side == "below":
        return Claim(
            title, "fails", f"It is worse on average: {numbers}. The whole interval lies below zero."
        )
    if math.isnan(low):
        return Claim(title, "open", f"Too few clips to say: {numbers}.")
    return Claim(
        title,
        "open",
        f"No difference is shown, and none is ruled out: {numbers}. The interval contains zero; "
        f"a loss of up to {max(-low, 0):.3f} remains possible.",
    )


def gain_claim(metrics: Mapping[tuple[int, str, str], Mapping[str, Any]], stage: int) -> Claim:
    """Whether training improved the average of the pruned model."""
    row = metrics[stage, "student", "average"]
    difference, low, high = interval_of(row, "pruned")
    numbers = (
        f"{metrics[stage, 'pruned', 'average']['mean']:.3f} to {row['mean']:.3f}, "
        f"{signed(difference)} {interval_as_text(low, high)}"
    )
    title = f"Stage {stage}: training beats pruning alone"
    side = side_of_zero(low, high)
    if side == "above":
        return Claim(
            title, "holds", f"Training raised the average from {numbers}; the whole interval is above zero."
        )
    if side == "below":
        return Claim(title, "fails", f"Training made it worse: {numbers}; the whole interval is below zero.")
    if math.isnan(low):
        return Claim(title, "open", f"Too few clips to say: {numbers}.")
    return Claim(
        title, "open", f"No gain is shown: {numbers}; the interval contains zero, so this may be chance."
    )


def recovery_claim(
    metrics: Mapping[tuple[int, str, str], Mapping[str, Any]], stage: int, recovery: Recovery
) -> Claim:
    """How much of what pruning lost training won back."""
    origin = "the teacher" if stage == 1 else f"the student of stage {stage - 1}"
    title = f"Stage {stage}: training wins back what pruning lost"
    loss = f"{recovery.loss.mean:.3f} points {interval_as_text(recovery.loss.low, recovery.loss.high)}"
    if recovery.share is None:
        return Claim(
            title,
            "open",
            f"Pruning {origin} cost nothing on average (a loss of {signed(recovery.loss.mean)} "
            f"{interval_as_text(recovery.loss.low, recovery.loss.high)}), so there was nothing to win back.",
        )
    if side_of_zero(recovery.loss.low, recovery.loss.high) != "above":
        return Claim(
            title,
            "open",
            f"Pruning {origin} cost {loss}, which may be chance, so the recovery of "
            f"{percent(recovery.share)} means little.",
        )
    gain, low, high = interval_of(metrics[stage, "student", "average"], "pruned")
    text = f"Pruning {origin} cost {loss}; training won back {gain:.3f}, or {percent(recovery.share)} of it."
    if gain <= 0:
        text = f"Pruning {origin} cost {loss}; training won nothing back ({signed(gain)})."
    elif side_of_zero(low, high) != "above":
        text += " The gain itself may be chance."
    return Claim(title, _standing_of(recovery.share), text)


def properties_claim(metrics: Mapping[tuple[int, str, str], Mapping[str, Any]], stage: int) -> Claim:
    """In which properties the final student lies below or above the teacher."""
    sides: dict[str, list[str]] = {"below": [], "above": [], "unclear": []}
    for name in PROPERTIES:
        difference, low, high = interval_of(metrics[stage, "student", name], "full")
        said = f"{spelled(name)} ({signed(difference)} {interval_as_text(low, high)})"
        sides[side_of_zero(low, high)].append(said)
    parts = [
        f"{label} the teacher in {_listed(sides[side])}."
        for side, label in (("below", "Below"), ("above", "Above"), ("unclear", "Not to be told from"))
        if sides[side]
    ]
    standing: Standing = "fails" if sides["below"] else "open" if sides["unclear"] else "holds"
    return Claim("No single property suffers", standing, " ".join(parts))


def _standing_of(share: float) -> Standing:
    if share <= 0:
        return "fails"
    return "holds" if share >= MOSTLY else "partly"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _metrics_by_row(results: Table) -> dict[tuple[int, str, str], dict[str, Any]]:
    return {(row["stage"], row["model"], row["dimension"]): row for row in records(results)}


def _cost(results: Table, stage: int, model: str, column: str) -> float:
    rows = results[(results["stage"] == stage) & (results["model"] == model)]
    return float(rows[column].iloc[0])
