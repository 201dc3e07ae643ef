"""The table of results: every model of every stage, in every dimension, with what it costs."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from vip.evaluation.bootstrap import side_of_zero
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.stages import Evidence
from vip.evaluation.wording import (
    aligned,
    bytes_as_text,
    difference_as_text,
    quantity_as_text,
    seconds_as_text,
)
from vip.types import Table

MODEL_NAMES = {"full": "teacher", "pruned": "pruned", "student": "student"}
"""What people call the models that tables call by their role."""

COST_COLUMNS = ("parameters", "flops", "seconds_per_clip", "peak_memory_bytes")


def tabulate_results(stages: Sequence[Evidence]) -> Table:
    """One row a stage, model and dimension: the columns of `metrics` and those of `costs`."""
    import pandas as pd

    tables = []
    for evidence in stages:
        table = evidence.metrics.merge(evidence.costs, on="model", how="left", validate="many_to_one")
        table.insert(0, "stage", evidence.stage)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


Groups = Iterable[tuple[tuple[int, str], Table]]


def records(table: Table) -> list[dict[str, Any]]:
    """The rows as dicts."""
    return cast("list[dict[str, Any]]", table.to_dict("records"))


def rows_with_cells(table: Table, *by: str, low: str = "low", high: str = "high") -> list[dict[str, Any]]:
    """One row for each value of the columns `by`: its first record, and `cells`, its records by dimension.

    A cell's `side` says on which side of zero the interval lies whose bounds are `low` and `high`.
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for record in records(table):
        row = rows.setdefault(tuple(record[name] for name in by), {**record, "cells": {}})
        row["cells"][record["dimension"]] = {**record, "side": side_of_zero(record[low], record[high])}
    return list(rows.values())


def rows_of(results: Table) -> list[tuple[int, str, dict[str, Any]]]:
    """The table as people read it: the teacher once (stage 0), then pruned and student of each stage.

    Each row comes as stage, model and a dict: the cost columns, and per dimension a dict of its metrics.
    """
    first = int(results["stage"].min())
    rows = []
    for (stage, model), group in cast("Groups", results.groupby(["stage", "model"], sort=False)):
        if model == "full" and stage != first:
            continue
        row: dict[str, Any] = records(group[list(COST_COLUMNS)])[0]
        row |= {record["dimension"]: record for record in records(group)}
        rows.append((0 if model == "full" else int(stage), model, row))
    return rows


def results_as_text(results: Table) -> str:
    """A compact table for a terminal, without a trailing newline.

    Scores are means; brackets hold the interval of the paired difference of the average.
    """
    header = ["stage", "model", *(_short(name) for name in DIMENSIONS), "vs teacher", "vs pruned"]
    header += ["params", "FLOPs", "s/clip", "memory"]
    lines = [header]
    for stage, model, row in rows_of(results):
        average = row["average"]
        cells = [str(stage) if stage else "-", MODEL_NAMES[model]]
        cells += [f"{row[name]['mean']:.3f}" for name in DIMENSIONS]
        cells.append("" if model == "full" else difference_as_text(average, "full", plain=True))
        cells.append(difference_as_text(average, "pruned", plain=True) if model == "student" else "")
        cells += [quantity_as_text(row["parameters"]), quantity_as_text(row["flops"])]
        cells += [seconds_as_text(row["seconds_per_clip"]), bytes_as_text(row["peak_memory_bytes"])]
        lines.append(cells)
    return "\n".join(aligned(lines, left=(0, 1)))


def _short(dimension: str) -> str:
    """`visual_quality` -> `VQ`; one word keeps its first seven letters."""
    words = dimension.split("_")
    return "".join(word[0].upper() for word in words) if len(words) > 1 else dimension[:7]
