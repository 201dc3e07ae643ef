"""The comparison on one HTML page, which holds all it shows and asks the network for nothing."""

from collections.abc import Mapping
from typing import Any

from vip.evaluation.arms_figures import forest_figure, size_figure, win_figure
from vip.evaluation.results import records
from vip.evaluation.templating import environment_of, with_figures
from vip.evaluation.verdict import side_of_zero
from vip.types import PROPERTIES, Table

SHOWN = ("average", *PROPERTIES)


def render(arms: Table, differences: Table, candidate: str, confidence: float, resamples: int) -> str:
    """The page as text, from the tables of `vip.evaluation.arms`."""
    rewards = {str(row["evaluator"]): str(row["reward"]) for row in records(arms)}
    sides = [_side(row) for row in records(differences)]
    environment = with_figures(environment_of("comparison", style="report", script="figures"))
    return environment.get_template("comparison.html.j2").render(
        candidate=candidate,
        evaluators=[_evaluator(arms, differences, *pair) for pair in rewards.items()],
        seeds=int(arms["seeds"].max()),
        prompts=int(arms["prompts"].max()),
        comparisons=len(differences),
        expected=(1 - confidence) * len(differences),
        above=sides.count("above"),
        below=sides.count("below"),
        confidence=confidence,
        resamples=resamples,
        dimensions=SHOWN,
    )  # fmt: skip


def _evaluator(arms: Table, differences: Table, name: str, reward: str) -> dict[str, Any]:
    """What one evaluator says, as the template lays it out."""
    figures = [size_figure(arms, name, f"Quality against size, {reward}")]
    if len(differences):
        figures.insert(0, forest_figure(differences, name, f"Differences, {reward}"))
        figures.append(win_figure(differences, name, f"Win rates, {reward}"))
    return {
        "name": name,
        "reward": reward,
        "rows": _means(arms[arms["evaluator"] == name]),
        "differences": _differences(differences[differences["evaluator"] == name]),
        "figures": figures,
    }


def _means(arms: Table) -> list[dict[str, Any]]:
    """One row an arm and stage, with a mean a dimension."""
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for record in records(arms):
        row = rows.setdefault((record["arm"], record["stage"]), {**record, "means": {}})
        row["means"][record["dimension"]] = record["mean"]
    return list(rows.values())


def _differences(differences: Table) -> list[dict[str, Any]]:
    """One row an arm that the candidate is compared with, with a cell a dimension."""
    rows: dict[str, dict[str, Any]] = {}
    for record in records(differences):
        row = rows.setdefault(record["arm"], {"arm": record["arm"], "cells": {}})
        row["cells"][record["dimension"]] = {**record, "side": _side(record)}
    return list(rows.values())


def _side(record: Mapping[str, Any]) -> str:
    return side_of_zero(record["low"], record["high"])
