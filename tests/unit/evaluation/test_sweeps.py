"""What sweeps say: differences from the default with intervals, and advice that follows from them."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from tests.unit.evaluation.test_arms import scores_of, sizes_of

from vip.evaluation.arms import differences_of
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.sweeps import advice, results_of
from vip.evaluation.sweeps_figures import positions, sweep_figure
from vip.evaluation.sweeps_markdown import as_markdown
from vip.evaluation.sweeps_page import render
from vip.evaluation.swept import Point, Swept, SweptSetting, label_of

SURE = Bootstrap(500, 0.95, seed=0)

ARMS = {
    "redpo": [[2, 3], [2, 3]],
    "beta_500": [[3, 4], [3, 4]],
    "beta_50000": [[1, 1], [1, 2]],
    "stages_7": [[2, 4], [2, 1]],
}
SWEPT = Swept(
    "redpo",
    {
        "beta": SweptSetting(
            ["redpo_training.beta"],
            "log",
            [Point(500, "beta_500"), Point(5000, "redpo"), Point(50000, "beta_50000")],
        ),
        "stages": SweptSetting(
            ["blocks_per_stage"], "steps", [Point([7], "stages_7"), Point([5, 2], "redpo")]
        ),
    },
    dict.fromkeys(ARMS, "reward"),
    {"sizes": "its budgets are for another model"},
)


@pytest.fixture(scope="module")
def scores():
    tables = [
        scores_of(arm, values, 2, evaluator)
        for evaluator in ("reward", "second_opinion")
        for arm, values in ARMS.items()
    ]
    early = scores_of("redpo", [[9, 9], [9, 9]], 1)
    return pd.concat([*tables, early])


@pytest.fixture(scope="module")
def results(scores):
    sizes = sizes_of(*ARMS).assign(stage=2)
    sizes.loc[sizes["arm"] == "beta_500", "parameters"] *= 2
    rows = [(arm, seed, stage, 10 * stage) for arm in ARMS for seed in (0, 1) for stage in (1, 2)]
    pairs = pd.DataFrame(rows, columns=["arm", "run_seed", "stage", "pairs"])
    return results_of(scores, sizes, pairs, SWEPT, SURE)


def of(results, sweep, value, dimension="average", evaluator="reward"):
    rows = results.query(
        "sweep == @sweep and value == @value and dimension == @dimension and evaluator == @evaluator"
    )
    assert len(rows) == 1
    return rows.iloc[0]


def test_there_is_a_row_a_value_evaluator_and_dimension_in_the_order_of_the_sweep(results):
    assert len(results) == (3 + 2) * 2 * len(DIMENSIONS)
    assert list(results["value"].unique()) == ["500", "5,000", "50,000", "7", "5 / 2"]
    assert list(results["sweep"].unique()) == ["beta", "stages"]
    assert (results["comparisons"] == 3 * 2 * len(DIMENSIONS)).all()


def test_it_is_told_as_markdown_with_the_advice(results):
    text = as_markdown(results)
    assert "### beta\n\n| value | mean, reward | reward | second opinion | pairs | parameters |" in text
    assert "| 5,000 | 2.500 | default | default | 30 | 11 |" in text
    assert "| 500 | 3.500 | **+1.000 [+1.000, +1.000]** | **+1.000 [+1.000, +1.000]** | 30 | 22 |" in text
    assert advice(results.query("sweep == 'beta' and evaluator == 'reward'")) in text
    assert "2 seeds, 2 development prompts." in text


def test_differences_are_from_the_default_at_the_last_stage_by_hand(results):
    """beta 500 wins by 1 each time; 50,000 loses by 1, 2, 1 and 1."""
    assert of(results, "beta", "500")["difference"] == 1.0
    assert of(results, "beta", "50,000")["difference"] == -1.25
    assert of(results, "beta", "500")["win_rate"] == 1.0
    default = of(results, "beta", "5,000")
    assert default[["default", "difference", "low", "high", "win_rate", "mean"]].tolist() == [
        True,
        0,
        0,
        0,
        0.5,
        2.5,
    ]
    assert default["pairs"] == 30
    assert results["default"].sum() == 2 * 2 * len(DIMENSIONS)


def test_intervals_are_those_of_the_comparison_turned_round(scores, results):
    last = scores[scores["stage"] == 2]
    table = differences_of(last, "redpo", SURE).set_index(["arm", "evaluator", "dimension"])
    theirs = table.loc[("beta_50000", "reward", "average")]
    ours = of(results, "beta", "50,000")
    assert (ours["low"], ours["high"]) == (-theirs["high"], -theirs["low"])
    assert ours["low"] < ours["difference"] < ours["high"]


# --- advice ---


def rows(*values):
    """Rows of the average: (value, difference, low, high, parameters); the first is the default."""
    table = pd.DataFrame(values, columns=["value", "difference", "low", "high", "parameters"])
    return table.assign(dimension="average", default=[True] + [False] * (len(table) - 1))


DEFAULT = ("5,000", 0.0, 0.0, 0.0, 100_000)


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([], "There is nothing to compare the default, 5,000, with."),
        (
            [("500", 0.1, -0.1, 0.2, 100_000)],
            "No value is shown to be better or worse than the default, 5,000.",
        ),
        (
            [("500", -0.2, -0.3, -0.1, 100_000), ("9", 0.1, -0.1, 0.2, 100_000)],
            (
                "No value is shown to be better than the default, 5,000; below it: "
                "500 (\N{MINUS SIGN}0.200 [\N{MINUS SIGN}0.300, \N{MINUS SIGN}0.100])."
            ),
        ),
        (
            [
                ("500", 0.1, 0.05, 0.2, 100_000),
                ("50", 0.2, 0.01, 0.4, 100_500),
                ("5", 0.9, -0.1, 2.0, 100_000),
            ],
            "50 scores above the default, 5,000, by +0.200 [+0.010, +0.400].",
        ),
        (
            [("3 / 1", 0.2, 0.1, 0.4, 150_000)],
            (
                "3 / 1 scores above the default, 5,000, by +0.200 [+0.100, +0.400], "
                "with 150 k prunable parameters instead of 100 k."
            ),
        ),
        (
            [("500", 0.5, float("nan"), float("nan"), 100_000)],
            "No value is shown to be better or worse than the default, 5,000.",
        ),
    ],
)
def test_advice_follows_from_the_intervals(others, said):
    assert advice(rows(DEFAULT, *others)) == said


# --- figure and page ---


@pytest.mark.parametrize(
    ("values", "scale", "expected"),
    [
        ([10, 1000], "log", [1, 3]),
        ([0, 10, 1000, None], "log", [0, 1, 3, 4]),
        ([0.0, 0.1, 0.5], "linear", [0.0, 0.1, 0.5]),
        ([0, 1, 4, "auto"], "linear", [0, 1, 4, 6]),
        (["damaged", "all"], "steps", [0, 1]),
        ([None], "log", [1]),
    ],
)
def test_values_stand_where_their_scale_has_them(values, scale, expected):
    assert positions(values, scale) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (10000, "10,000"),
        (0.1, "0.1"),
        (1e-6, "1e-06"),
        ([5, 2], "5 / 2"),
        (True, "on"),
        (None, "none"),
        ("all", "all"),
    ],
)
def test_labels(value, label):
    assert label_of(value) == label


def test_a_figure_has_a_line_a_dimension_and_one_more_evaluators_average(results):
    table = results[results["sweep"] == "beta"]
    figure = sweep_figure(table, SWEPT.sweeps["beta"])
    assert len(figure["data"]) == len(DIMENSIONS) + 1
    average = figure["data"][0]
    assert average["y"] == [1.0, 0.0, -1.25]
    assert average["error_y"]["array"][0] == pytest.approx(of(results, "beta", "500")["high"] - 1.0)
    assert figure["data"][-1]["name"] == "second_opinion 1: average"
    looks = [(each["line"]["color"], each["line"]["dash"]) for each in figure["data"]]
    assert len(set(looks)) == len(looks), "no two lines look alike"
    assert figure["layout"]["xaxis"]["ticktext"] == ["500", "5,000", "50,000"]
    assert figure["layout"]["shapes"][0]["x0"] == figure["layout"]["xaxis"]["tickvals"][1]


def test_the_page_says_what_the_table_says_and_asks_the_network_for_nothing(results):
    page = render(results, SWEPT, SURE)
    assert "500 scores above the default, 5,000, by +1.000 [" in page
    assert "prunable parameters instead of 11" in page
    assert page.count("which training saw") == page.count("which training did not see") == 2
    assert "<b>Sizes</b> is left out: its budgets are for another model." in page
    assert "Of the <b>30</b> intervals here about 1.5 would miss zero" in page
    assert page.count("<small>default</small>") == 4
    figures = [
        json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page)
    ]
    assert len(figures) == 2
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link)[^>]+(src|href)=\"(?!data:|#)", page)


def test_each_evaluator_says_which_values_trained_with_it(results):
    trained_with = SWEPT.trained_with | {"beta_500": "second_opinion", "beta_50000": "a third"}
    page = render(results, replace(SWEPT, trained_with=trained_with), SURE)
    said = re.findall(r'<p><b>(\w+).*?</b> <small class="muted">(.*?)</small>', page)
    assert said == [
        ("reward", "which trained 5,000"),
        ("second_opinion", "which trained 500"),
        ("reward", "which training saw"),
        ("second_opinion", "which training did not see"),
    ]
