"""Figures: plotly accepts them, and they show the tables' numbers."""

import json
import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from tests.unit.evaluation import synthetic

from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.figures import (
    POINTS,
    Figure,
    filtering_figure,
    judging_figure,
    quality_figure,
    training_figures,
)


def check(figure: Figure) -> None:
    """Plotly's own validation, with a real colour in place of the page's variables; axes have titles."""
    text = json.dumps(figure, allow_nan=False)
    go.Figure(json.loads(re.sub(r'"--[a-z0-9-]+"', '"#123456"', text)))
    for name in ("title", "xaxis", "yaxis"):
        entry = figure["layout"][name]
        assert (entry if name == "title" else entry["title"])["text"]


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_quality_shows_every_model_with_intervals(results: pd.DataFrame, dimension: str) -> None:
    figure = quality_figure(results, dimension, legend=True)
    check(figure)
    traces = {trace["name"]: trace for trace in figure["data"] if "name" in trace}
    assert list(traces) == ["teacher", "pruned", "student"]
    mine = results[(results["model"] == "student") & (results["dimension"] == dimension)]
    teacher = results[(results["model"] == "full") & (results["dimension"] == dimension)]["mean"].iloc[0]
    student = traces["student"]
    assert student["x"] == list(mine["parameters"])
    assert student["y"] == pytest.approx(list(mine["mean"]))
    upper = np.add(student["y"], student["error_y"]["array"])
    lower = np.subtract(student["y"], student["error_y"]["arrayminus"])
    assert upper == pytest.approx(teacher + mine["versus_full_high"].to_numpy())
    assert lower == pytest.approx(teacher + mine["versus_full_low"].to_numpy())


def test_training_shows_every_quantity_once() -> None:
    figures = training_figures(synthetic.curve_of(1), 1)
    for figure in figures:
        check(figure)
    titles = [figure["layout"]["title"]["text"] for figure in figures]
    assert titles == [
        f"{name}, stage 1" for name in ("Loss terms", "Margins", "Implicit accuracy", "Gradient norms")
    ]
    shown = [trace["name"] for figure in figures for trace in figure["data"] if "name" in trace]
    assert len(shown) == len(set(shown)) == 10


def test_long_curves_are_averaged_down_and_short_ones_kept() -> None:
    long = training_figures(synthetic.curve_of(1, steps=5000), 1)[0]["data"][0]
    assert len(long["x"]) == len(long["y"]) <= POINTS
    curve = pd.DataFrame({"step": [1, 2, 3], "loss": [3.0, 2.0, 1.0]})
    short = training_figures(curve, 1)[0]["data"][0]
    assert (short["x"], short["y"]) == ([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])


def test_quantities_of_unknown_names_are_shown_too() -> None:
    curve = pd.DataFrame({"step": [1, 2], "something_new": [0.0, 1.0], "constant": [5.0, 5.0]})
    (figure,) = training_figures(curve, 3)
    assert figure["layout"]["title"]["text"] == "Other, stage 3"
    assert [trace["name"] for trace in figure["data"] if "name" in trace] == ["something new"]


def test_a_term_that_was_never_measured_draws_no_number() -> None:
    curve = pd.DataFrame({"step": [1, 2], "dpo_loss": [np.nan, np.nan], "sft_loss": [1e-3, 1e-4]})
    (figure,) = training_figures(curve, 1)
    check(figure)
    assert [trace["name"] for trace in figure["data"] if "name" in trace] == ["sft loss"]


def test_filtering_shows_a_bar_a_reason_with_its_count() -> None:
    counts = synthetic.filtering_counts()
    figure = filtering_figure(counts)
    check(figure)
    (bars,) = figure["data"]
    assert bars["y"] == ["raw", "too short", "duplicate", "kept"]
    assert bars["text"] == ["2,400", "310", "205", "1,885"]
    assert bars["x"] == pytest.approx([100 * count / 4800 for count in counts["count"]])
    assert bars["marker"]["color"] == ["--muted"] * 3 + ["--student"]


def test_judging_shows_the_share_of_prompts_that_describe_each_property() -> None:
    figure = judging_figure(synthetic.judging_counts())
    check(figure)
    (bars,) = figure["data"]
    assert bars["text"] == ["1,200", "900", "1,500", "1,885"]
    assert bars["x"][3] == 100


def test_nothing_counted_gives_bars_of_nothing() -> None:
    empty = pd.DataFrame({"reason": ["kept"], "count": [0]})
    assert filtering_figure(empty)["data"][0]["x"] == [0]
