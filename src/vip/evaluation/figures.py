"""The report's figures, as plotly JSON; colours are names of the page's CSS variables, for its script."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vip.evaluation.results import MODEL_NAMES, rows_of
from vip.evaluation.wording import interval_of, spelled
from vip.types import Table

if TYPE_CHECKING:
    from pandas import Series

Figure = dict[str, Any]

POINTS = 300
"""Most points of a curve; longer ones are averaged down to it."""

CURVES = (
    ("Loss terms", ("loss",), "loss"),
    ("Margins", ("margin", "d_w", "d_l"), "squared error"),
    ("Implicit accuracy", ("accuracy",), "share of pairs"),
    ("Gradient norms", ("grad", "norm"), "L2 norm"),
)
"""Title, parts of the names of the columns that belong there, and label of the vertical axis."""


SETTINGS = {"step", "epoch", "learning_rate", "sft_weight"}
"""Columns of a training curve that were set, not found."""


def quality_figure(results: Table, dimension: str, *, legend: bool) -> Figure:
    """Mean score against prunable parameters; error bars are intervals of the difference to the teacher."""
    points = [(stage, model, row["parameters"], row[dimension]) for stage, model, row in rows_of(results)]
    teacher = points[0][3]["mean"]
    path = {
        "x": [x for _, _, x, _ in points],
        "y": [metric["mean"] for *_, metric in points],
        "mode": "lines",
        "line": {"color": "--muted", "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    traces = [path]
    for model, name in MODEL_NAMES.items():
        mine = [point for point in points if point[1] == model]
        traces.append(_points(name, f"--{name}", mine, teacher))
    layout = layout_of(
        spelled(dimension).capitalize(), "prunable parameters", "mean score (points)", legend=legend
    )
    layout["shapes"] = [
        {
            "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": teacher, "y1": teacher,
            "line": {"color": "--teacher", "width": 1}, "opacity": 0.5,
        }
    ]  # fmt: skip
    layout["xaxis"] |= {"tickformat": "~s", "rangemode": "tozero"}
    return {"data": traces, "layout": layout}


def _points(
    name: str, colour: str, points: Sequence[tuple[int, str, float, Mapping[str, Any]]], teacher: float
) -> Figure:
    trace: Figure = {
        "x": [x for _, _, x, _ in points],
        "y": [metric["mean"] for *_, metric in points],
        "name": name,
        "mode": "markers",
        "marker": {
            "color": colour,
            "size": 10,
            "symbol": "circle" if name != "pruned" else "circle-open-dot",
        },
        "text": [f"{name}, stage {stage}" if stage else name for stage, *_ in points],
        "hovertemplate": "%{text}<br>%{x:.3s} parameters<br>mean %{y:.3f}<extra></extra>",
    }
    if name != "teacher":
        intervals = [interval_of(metric, "full") for *_, metric in points]
        means = [metric["mean"] for *_, metric in points]
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [
                _finite(teacher + high - mean) for mean, (_, _, high) in zip(means, intervals, strict=True)
            ],
            "arrayminus": [
                _finite(mean - teacher - low) for mean, (_, low, _) in zip(means, intervals, strict=True)
            ],
            "color": colour,
            "thickness": 1.5,
            "width": 4,
        }
    return trace


def training_figures(curve: Table, stage: int) -> list[Figure]:
    """One figure a kind of quantity: losses, margins, implicit accuracy, gradient norms, and the rest."""
    steps = curve["step"] if "step" in curve else curve.index.to_series()
    names = [
        name
        for name in curve.columns
        if name not in SETTINGS and curve[name].dtype.kind in "fiu" and curve[name].notna().any()
    ]
    figures = []
    for title, parts, label in CURVES:
        mine = [name for name in names if any(part in name for part in parts)]
        names = [name for name in names if name not in mine]
        if mine:
            figures.append(_curves(f"{title}, stage {stage}", label, steps, curve[mine]))
    changing = [name for name in names if curve[name].max() > curve[name].min()]
    if changing:
        figures.append(_curves(f"Other, stage {stage}", "value", steps, curve[changing]))
    return figures


def filtering_figure(counts: Table) -> Figure:
    """What became of raw prompts: a bar a reason, as long as its share; what is kept stands out."""
    total = [int(counts["count"].sum())] * len(counts)
    figure = _shares("What became of raw prompts", "fate", counts["reason"], counts["count"], total)
    figure["data"][0]["marker"]["color"] = [
        "--student" if reason == "kept" else "--muted" for reason in counts["reason"]
    ]
    return figure


def judging_figure(counts: Table) -> Figure:
    """What prompts describe, as the judge says: a bar a property, as long as its share of the prompts."""
    totals = counts["described"] + counts["not_described"]
    title = "What the judge says prompts describe"
    return _shares(title, "property", counts["property"], counts["described"], totals)


def _shares(
    title: str, axis: str, names: Iterable[str], counts: Iterable[int], totals: Iterable[int]
) -> Figure:
    """Bars of shares from left to right, with the counts behind them: room for any name and any count."""
    counted = [(int(count), max(int(total), 1)) for count, total in zip(counts, totals, strict=True)]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": [100 * count / total for count, total in counted],
        "y": [spelled(name) for name in names],
        "text": [f"{count:,}" for count, _ in counted],
        "textposition": "outside",
        "constraintext": "none",
        "cliponaxis": False,
        "marker": {"color": "--student"},
        "hovertemplate": "%{y}<br>%{text} prompts, %{x:.3g} %<extra></extra>",
    }
    layout = layout_of(title, "share of prompts (%)", axis, legend=False)
    layout["xaxis"] |= {"rangemode": "tozero"}
    layout["yaxis"] |= {"autorange": "reversed", "title": {"text": axis, "standoff": 12}}
    layout["margin"] |= {"r": 70}
    return {"data": [bars], "layout": layout}


def _curves(title: str, label: str, steps: "Series[Any]", columns: Table) -> Figure:
    width = -(-len(steps) // POINTS)
    bins = [position // width for position in range(len(steps))]
    x = [float(step) for step in steps.groupby(bins).mean()]
    traces = []
    for number, name in enumerate(columns):
        values = columns[name].groupby(bins).mean()
        smooth = values.rolling(max(len(values) // 12, 1), min_periods=1, center=True).mean()
        colour = f"--series-{number % 6 + 1}"
        traces.append(_line(x, values, colour, 1.0, opacity=0.25, showlegend=False, hoverinfo="skip"))
        traces.append(_line(x, smooth, colour, 2.0, name=spelled(str(name))))
    layout = layout_of(title, "optimizer step", label, legend=True)
    low, high = float(columns.min().min()), float(columns.max().max())
    if low > 0 and high > 30 * low:
        layout["yaxis"] |= {"type": "log", "exponentformat": "e", "dtick": 1}
    return {"data": traces, "layout": layout}


def _line(x: Sequence[float], values: "Series[float]", colour: str, width: float, **rest: Any) -> Figure:
    y = [None if math.isnan(value) else float(f"{value:.4g}") for value in values]
    return {
        "x": list(x),
        "y": y,
        "mode": "lines",
        "connectgaps": True,
        "line": {"color": colour, "width": width},
        **rest,
    }


def layout_of(title: str, x: str, y: str, *, legend: bool) -> Figure:
    """What all figures have in common: title, axes, colours of the page."""
    axis = {"gridcolor": "--grid", "linecolor": "--line", "zerolinecolor": "--line", "automargin": True}
    return {
        "title": {"text": title, "x": 0, "xref": "paper", "font": {"size": 14}, "y": 0.97, "yanchor": "top"},
        "xaxis": {**axis, "title": {"text": x}},
        "yaxis": {**axis, "title": {"text": y}},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--ink", "size": 12},
        "hoverlabel": {"bgcolor": "--surface", "font": {"color": "--ink"}},
        "showlegend": legend,
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
        "margin": {"l": 10, "r": 10, "t": 64 if legend else 40, "b": 10},
    }


def _finite(value: float) -> float:
    """Error bars of nothing where one clip tells no spread."""
    return 0.0 if math.isnan(value) else float(value)
