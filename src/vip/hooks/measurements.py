"""Datasets of a stage as MLflow's metrics: names, values, steps."""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from vip.evaluation.comparison import DIMENSIONS
from vip.pipelines.comparison.evaluators import SECOND_OPINION
from vip.types import Table


class Measurement(NamedTuple):
    """One number of one run; `step` counts training steps, and is 0 for what is measured once."""

    name: str
    value: float
    step: int = 0


def of_metrics(metrics: Table) -> Iterator[Measurement]:
    """`student.average`, `student.average.versus_pruned`, `student.average.versus_pruned.low`, ..."""
    for row in metrics.to_dict("records"):
        name = f"{row['model']}.{row['dimension']}"
        yield from _finite(name, row["mean"])
        for column in (str(column) for column in row if str(column).startswith("versus_")):
            comparison, _, bound = column.rpartition("_")
            own = f"{name}.{comparison}.{bound}" if bound in ("low", "high") else f"{name}.{column}"
            yield from _finite(own, row[column])


def of_costs(costs: Table) -> Iterator[Measurement]:
    """`pruned.parameters`, `student.seconds_per_clip`, ..."""
    for row in costs.to_dict("records"):
        model = row.pop("model")
        for column, value in row.items():
            yield from _finite(f"{model}.{column}", value)


def of_training_curve(curve: Table) -> Iterator[Measurement]:
    """`training.<column>` at each step."""
    for row in curve.to_dict("records"):
        step = int(row.pop("step"))
        for column, value in row.items():
            yield from _finite(f"training.{column}", value, step)


def of_size(size: Mapping[str, int]) -> Iterator[Measurement]:
    """`parameters` and `flops`."""
    for name, value in size.items():
        yield from _finite(name, value)


def of_scores(evaluator: str, scores: Table) -> Iterator[Measurement]:
    """`reward.average`, ...: the means over the evaluation clips."""
    for name in DIMENSIONS:
        yield from _finite(f"{evaluator}.{name}", float(scores[name].mean()))


def of_differences(differences: Table) -> Iterator[Measurement]:
    """`reward.average.redpo_minus_sft`, and the same with `.low`, `.high` and `.win_rate`."""
    for row in differences.to_dict("records"):
        yield from _difference(row, f"{row['candidate']}_minus_{row['arm']}")


def _difference(row: Mapping[Any, Any], between: str) -> Iterator[Measurement]:
    name = f"{row['evaluator']}.{row['dimension']}.{between}"
    yield from _finite(name, row["difference"])
    for column in ("low", "high", "win_rate"):
        yield from _finite(f"{name}.{column}", row[column])


def of_effects(effects: Table) -> Iterator[Measurement]:
    """`reward.average.aligned_minus_teacher`, and the same with `.low`, `.high` and `.win_rate`."""
    for row in effects.to_dict("records"):
        yield from _difference(row, "aligned_minus_teacher")


def of_sweeps(results: Table) -> Iterator[Measurement]:
    """`beta.reward.average.beta_500`, the difference from the default; the same with `.low` and `.high`."""
    for row in results[~results["default"]].to_dict("records"):
        name = f"{row['sweep']}.{row['evaluator']}.{row['dimension']}.{row['arm']}"
        yield from _finite(name, row["difference"])
        for column in ("low", "high"):
            yield from _finite(f"{name}.{column}", row[column])


def of_gains(gains: Table) -> Iterator[Measurement]:
    """`inverse_rendering.average.sft_gain`, `.sft_excess`, both with `.low` and `.high` (`arms_gains`)."""
    for row in gains.to_dict("records"):
        name = f"{row['evaluator']}.{row['dimension']}.{row['arm']}"
        for kind, column in (("gain", ""), ("excess", "excess_")):
            yield from _finite(f"{name}_{kind}", row[kind])
            for bound in ("low", "high"):
                yield from _finite(f"{name}_{kind}.{bound}", row[f"{column}{bound}"])


READERS: Mapping[str, Callable[[Any], Iterator[Measurement]]] = {
    "metrics": of_metrics,
    "costs": of_costs,
    "training_curve": of_training_curve,
    "size": of_size,
    "reward_scores": partial(of_scores, "reward"),
    "comparison_differences": of_differences,
    "sweep_results": of_sweeps,
    "comparison_gains": of_gains,
    "effects": of_effects,
}
"""The datasets that are logged, by their names inside a stage; the scores of second opinions as well."""


def reader_of(name: str) -> Callable[[Any], Iterator[Measurement]] | None:
    """What reads the dataset of that name inside a stage; None where it is not logged."""
    if name.startswith(SECOND_OPINION) and name.endswith("_scores"):
        return partial(of_scores, name.removeprefix(SECOND_OPINION).removesuffix("_scores"))
    return READERS.get(name)


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested parameters as `redpo_training.beta: 5000`."""
    flat: dict[str, str] = {}
    for key, value in parameters.items():
        if isinstance(value, Mapping) and value:
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = str(value)
    return flat


def _finite(name: str, value: Any, step: int = 0) -> Iterator[Measurement]:
    if isinstance(value, int | float) and math.isfinite(value):
        yield Measurement(name, float(value), step)
