"""The comparison on one HTML page, which holds all it shows and asks the network for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vip.evaluation.arms_figures import forest_figure, size_figure, win_figure
from vip.evaluation.arms_gains import carries
from vip.evaluation.bootstrap import Bootstrap, side_of_zero
from vip.evaluation.comparison import SHOWN
from vip.evaluation.results import records, rows_with_cells
from vip.evaluation.templating import environment_of, with_figures
from vip.types import Table


@dataclass(frozen=True)
class Asked:
    """What the comparison was asked, and what its arms are."""

    candidate: str
    baseline: str
    control: str
    bootstrap: Bootstrap
    trained_with: Mapping[str, str]
    """The evaluator that each arm searched, curated and trained with; arms that do not train are missing."""
    left_out: Mapping[str, str]
    """Arms that could not be run, and why."""


def render(arms: Table, differences: Table, gains: Table, asked: Asked) -> str:
    """The page as text, from the tables of `vip.evaluation.arms` and `arms_gains`."""
    rewards = {str(row["evaluator"]): str(row["reward"]) for row in records(arms)}
    sides = [_side(row) for row in records(differences)]
    environment = with_figures(environment_of("comparison", style="report", script="figures"))
    return environment.get_template("comparison.html.j2").render(
        asked=asked,
        evaluators=[_evaluator(arms, differences, asked, *pair) for pair in rewards.items()],
        rewards=rewards,
        gains=gain_rows(gains),
        seeds=int(arms["seeds"].max()),
        prompts=int(arms["prompts"].max()),
        comparisons=len(differences),
        expected=(1 - asked.bootstrap.confidence) * len(differences),
        above=sides.count("above"),
        below=sides.count("below"),
        dimensions=SHOWN,
    )  # fmt: skip


def gain_rows(gains: Table) -> list[dict[str, Any]]:
    """One row an arm: the average's gain by every evaluator, and in which dimensions others see less."""
    rows: dict[str, dict[str, Any]] = {}
    for (arm, dimension), table in gains.groupby(["arm", "dimension"], sort=False):
        cells = records(table)
        verdicts = carries(cells)
        row = rows.setdefault(
            str(arm), {"arm": arm, "trained_with": cells[0]["trained_with"], "cells": {}, "less": {}}
        )
        for cell in cells:
            evaluator = cell["evaluator"]
            if dimension == "average":
                row["cells"][evaluator] = {**cell, "side": _side(cell), "carries": verdicts[evaluator]}
            if verdicts[evaluator] == "less":
                row["less"].setdefault(evaluator, []).append(dimension)
    return list(rows.values())


def _evaluator(arms: Table, differences: Table, asked: Asked, name: str, reward: str) -> dict[str, Any]:
    """What one evaluator says, as the template lays it out."""
    means = arms[arms["evaluator"] == name]
    figures = [size_figure(arms, name, f"Quality against size, {reward}")]
    if len(differences):
        figures.insert(0, forest_figure(differences, name, f"Differences, {reward}"))
        figures.append(win_figure(differences, name, f"Win rates, {reward}"))
    return {
        "name": name,
        "reward": reward,
        "trained": [arm for arm, trained_with in asked.trained_with.items() if trained_with == name],
        "rows": rows_with_cells(means, "arm", "stage", low="to_teacher_low", high="to_teacher_high"),
        "with_teacher": bool(means["to_teacher"].notna().any()),
        "differences": rows_with_cells(differences[differences["evaluator"] == name], "arm"),
        "figures": figures,
    }


def _side(record: Mapping[str, Any]) -> str:
    return side_of_zero(record["low"], record["high"])
