"""The comparison's figures, as plotly JSON in the manner of `figures.py`."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.figures import Figure, layout_of
from vip.evaluation.results import records
from vip.evaluation.wording import spelled
from vip.types import Table

COLOURS = ("--series-1", "--series-2", "--series-3", "--series-4", "--series-5", "--series-6")


def forest_figure(differences: Table, evaluator: str, title: str) -> Figure:
    """The candidate against every arm in every dimension: differences and their intervals around zero."""
    layout = layout_of(title, "difference (points); right of zero the candidate is better", "", legend=True)
    return _intervals(differences, evaluator, ("difference", "low", "high"), layout, 0.0)


def win_figure(differences: Table, evaluator: str, title: str) -> Figure:
    """How often the candidate's clip scores higher than that of the other arm."""
    layout = layout_of(title, "share of prompts on which the candidate scores higher", "", legend=True)
    layout["xaxis"] |= {"range": [0, 1], "tickformat": ".0%"}
    return _intervals(differences, evaluator, ("win_rate", "win_rate_low", "win_rate_high"), layout, 0.5)


def size_figure(arms: Table, evaluator: str, title: str) -> Figure:
    """Mean average score against prunable parameters: a point an arm and stage, an arm's stages joined."""
    seen = arms[(arms["evaluator"] == evaluator) & (arms["dimension"] == "average")]
    traces = []
    for number, (arm, table) in enumerate(seen.groupby("arm", sort=False)):
        colour = COLOURS[number % len(COLOURS)]
        traces.append(
            {
                "x": [float(value) for value in table["parameters"]],
                "y": [round(float(value), 4) for value in table["mean"]],
                "text": [f"{spelled(str(arm))}, stage {stage}" for stage in table["stage"]],
                "name": spelled(str(arm)),
                "mode": "lines+markers",
                "line": {"color": colour, "width": 1, "dash": "dot"},
                "marker": {"color": colour, "size": 10, "symbol": number % 20},
                "hovertemplate": "%{text}<br>%{x:.3s} parameters<br>mean %{y:.3f}<extra></extra>",
            }
        )
    layout = layout_of(title, "prunable parameters", "mean score (points)", legend=True)
    layout["xaxis"] |= {"tickformat": "~s", "rangemode": "tozero"}
    return {"data": traces, "layout": layout}


def _intervals(
    differences: Table, evaluator: str, columns: Sequence[str], layout: dict[str, Any], zero: float
) -> Figure:
    """A row an arm, a marker a dimension, its interval as an error bar; a line where nothing differs."""
    rows = records(differences[differences["evaluator"] == evaluator])
    value = columns[0]
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    traces = []
    for number, name in enumerate(reversed(DIMENSIONS)):
        mine = [row for row in rows if row["dimension"] == name]
        offset = 0.13 * (number - (len(DIMENSIONS) - 1) / 2)
        traces.append(
            {
                "x": [row[value] for row in mine],
                "y": [arms.index(row["arm"]) + offset for row in mine],
                "name": spelled(name),
                "mode": "markers",
                "marker": {"color": COLOURS[number], "size": 9 if name == "average" else 6},
                "error_x": interval_bars(mine, columns, COLOURS[number], thick=name == "average"),
                "text": [f"against {spelled(row['arm'])}, {spelled(name)}" for row in mine],
                "hovertemplate": "%{text}<br>%{x:.3f}<extra></extra>",
            }
        )
    layout["yaxis"] |= {
        "tickvals": list(range(len(arms))),
        "ticktext": [spelled(arm) for arm in arms],
        "autorange": "reversed",
    }
    layout["shapes"] = [
        {
            "type": "line", "yref": "paper", "x0": zero, "x1": zero, "y0": 0, "y1": 1,
            "line": {"color": "--ink", "width": 1},
        }
    ]  # fmt: skip
    return {"data": traces, "layout": layout}


def interval_bars(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], colour: str, *, thick: bool
) -> dict[str, Any]:
    """Error bars around a value, from the columns value, low and high."""
    value, low, high = columns
    return {
        "type": "data",
        "symmetric": False,
        "array": [_length(row[high] - row[value]) for row in rows],
        "arrayminus": [_length(row[value] - row[low]) for row in rows],
        "color": colour,
        "thickness": 2 if thick else 1,
        "width": 3,
    }


def _length(value: float) -> float:
    """Nothing where one prompt tells no spread."""
    return 0.0 if math.isnan(value) else float(value)
