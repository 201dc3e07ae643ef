"""A sweep's figure: what each value of a setting changes, as plotly JSON in the manner of `figures.py`."""

import math
from collections.abc import Sequence
from typing import Any

from vip.evaluation.arms_figures import COLOURS, interval_bars
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.figures import Figure, layout_of
from vip.evaluation.results import records
from vip.evaluation.swept import Scale, SweptSetting
from vip.evaluation.wording import spelled
from vip.types import Table

WIDTH = 0.5
"""Share of the smallest distance between two values over which the markers of one value are spread."""

DASHES = ("solid", "dash", "dot", "dashdot")
"""Of the lines of the first evaluator, the second and so on."""


def sweep_figure(rows: Table, sweep: SweptSetting) -> Figure:
    """Differences from the default against the setting: a line a dimension, and each evaluator's average.

    The average of another evaluator than the first has a symbol and dashes of its own. Dimensions are those
    of the first evaluator; a dotted line stands where the default does.
    """
    places = positions([point.value for point in sweep.points], sweep.scale)
    evaluators = list(rows["evaluator"].unique())
    first, *others = evaluators
    lines = [(first, name) for name in reversed(DIMENSIONS)] + [(each, "average") for each in others]
    step = WIDTH * _smallest_gap(places) / len(lines)
    cells = {
        (str(evaluator), str(name)): records(table)
        for (evaluator, name), table in rows.groupby(["evaluator", "dimension"], sort=False)
    }
    traces = []
    for number, (evaluator, name) in enumerate(lines):
        mine = cells[evaluator, name]
        offset = step * (number - (len(lines) - 1) / 2)
        kind = evaluators.index(evaluator)
        colour = "--ink" if kind else COLOURS[number % len(COLOURS)]
        trace = _trace(mine, [place + offset for place in places], colour, kind)
        trace |= {"name": spelled(name) if evaluator == first else f"{mine[0]['reward']}: {spelled(name)}"}
        trace["mode"] = "markers" if sweep.scale == "steps" else "lines+markers"
        traces.append(trace)
    layout = layout_of("", ", ".join(sweep.settings), "difference from the default (points)", legend=True)
    layout["xaxis"] |= {
        "tickvals": places, "ticktext": [point.label for point in sweep.points], "zeroline": False,
    }  # fmt: skip
    default = places[[bool(row["default"]) for row in cells[lines[0]]].index(True)]
    layout["shapes"] = [
        {
            "type": "line", "yref": "paper", "x0": default, "x1": default, "y0": 0, "y1": 1,
            "line": {"color": "--muted", "width": 1, "dash": "dot"},
        }
    ]  # fmt: skip
    return {"data": traces, "layout": layout}


def positions(values: Sequence[Any], scale: Scale) -> list[float]:
    """Where values stand on the axis; what a scale has no place for stands beyond its ends, one unit each.

    On a logarithmic scale that is 0, to the left; whatever is no number (none, auto) goes to the right.
    """
    if scale == "steps":
        return [float(number) for number in range(len(values))]
    placed = [_placed(value, scale) for value in values]
    known = [place for place in placed if place is not None] or [0.0]
    unit = 1.0 if scale == "log" else (max(known) - min(known)) / max(len(known) - 1, 1) or 1.0
    left, right, found = min(known), max(known), []
    for value, place in zip(values, placed, strict=True):
        if place is not None:
            found.append(place)
        elif _is_number(value):
            left -= unit
            found.append(left)
        else:
            right += unit
            found.append(right)
    return found


def _placed(value: Any, scale: Scale) -> float | None:
    if not _is_number(value) or (scale == "log" and value <= 0):
        return None
    return math.log10(value) if scale == "log" else float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _smallest_gap(places: Sequence[float]) -> float:
    gaps = [b - a for a, b in zip(sorted(places), sorted(places)[1:], strict=False)]
    return min(gaps, default=1.0)


def _trace(
    rows: Sequence[dict[str, Any]], places: Sequence[float], colour: str, evaluator: int
) -> dict[str, Any]:
    """Markers with their intervals; the average's are larger, and of each evaluator another kind."""
    large = rows[0]["dimension"] == "average"
    return {
        "x": list(places),
        "y": [row["difference"] for row in rows],
        "line": {"color": colour, "width": 2 if large else 1, "dash": DASHES[evaluator % len(DASHES)]},
        "marker": {"color": colour, "size": 9 if large else 5, "symbol": evaluator},
        "error_y": interval_bars(rows, ("difference", "low", "high"), colour, thick=large),
        "text": [f"{row['value']}: {spelled(row['dimension'])}, mean {row['mean']:.3f}" for row in rows],
        "hovertemplate": "%{text}<br>%{y:+.3f} from the default<extra></extra>",
    }
