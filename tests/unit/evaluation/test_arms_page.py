"""The comparison's page says what the tables say, and holds all it shows."""

import json
import re

import pandas as pd
import pytest
from tests.unit.evaluation.test_arms import scores_of, sizes_of

from vip.evaluation.arms import differences_of, means_of
from vip.evaluation.arms_figures import forest_figure, size_figure, win_figure
from vip.evaluation.arms_page import render
from vip.evaluation.comparison import DIMENSIONS


@pytest.fixture(scope="module")
def tables():
    scores = pd.concat(
        [
            scores_of(arm, values, evaluator=evaluator)
            for evaluator in ("reward", "second_opinion")
            for arm, values in (("redpo", [[3, 2], [3, 4]]), ("plain_sft", [[1, 1], [2, 2]]))
        ]
    )
    return means_of(scores, sizes_of("redpo", "plain_sft")), differences_of(scores, "redpo", 500, 0.95, 0)


@pytest.fixture(scope="module")
def page(tables):
    return render(*tables, "redpo", 0.95, 500)


def test_it_states_how_many_comparisons_there_were_and_how_many_chance_would_give(page):
    assert "Of <b>10</b> comparisons, 10 lie wholly above zero and 0 wholly below" in page
    assert re.search(r"about\s+0\.5 of so many intervals would miss zero", page)


def test_both_evaluators_have_their_tables(page):
    for reward in ("reward 1", "second_opinion 1"):
        assert f'aria-label="Differences by {reward}"' in page
        assert f'aria-label="Means by {reward}"' in page
    assert page.count('<th scope="row">plain sft</th>') == 4
    assert "+1.500" in page
    assert "3.000" in page


def test_it_asks_the_network_for_nothing(page):
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|img|link)[^>]+(src|href)=\"(?!data:|#)", page)


def test_every_figure_is_json_with_a_trace(page):
    figures = [
        json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page)
    ]
    assert len(figures) == 6
    assert all(figure["data"] for figure in figures)


def test_a_forest_has_a_marker_an_arm_and_dimension_with_its_interval(tables):
    _, differences = tables
    figure = forest_figure(differences, "reward", "title")
    assert [trace["name"] for trace in figure["data"]] == [
        name.replace("_", " ") for name in reversed(DIMENSIONS)
    ]
    average = figure["data"][0]
    row = differences[(differences["evaluator"] == "reward") & (differences["dimension"] == "average")].iloc[
        0
    ]
    assert average["x"] == [row["difference"]]
    assert average["error_x"]["array"] == [row["high"] - row["difference"]]
    assert win_figure(differences, "reward", "title")["data"][0]["x"] == [row["win_rate"]]


def test_quality_stands_against_parameters(tables):
    arms, _ = tables
    figure = size_figure(arms, "reward", "title")
    assert [(trace["name"], trace["x"], trace["y"]) for trace in figure["data"]] == [
        ("redpo", [11.0], [3.0]),
        ("plain sft", [11.0], [1.5]),
    ]


def test_without_differences_it_says_so(tables):
    arms, differences = tables
    page = render(arms, differences.iloc[:0], "redpo", 0.95, 500)
    assert "Nothing to compare redpo with in this run." in page
    assert "Differences by" not in page
