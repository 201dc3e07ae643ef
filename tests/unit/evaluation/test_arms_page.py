"""The comparison's page says what the tables say, and holds all it shows."""

import json
import re

import pandas as pd
import pytest
from tests.unit.evaluation.test_arms import scores_of, sizes_of, steps_of

from vip.evaluation.arms import arms_of, differences_of
from vip.evaluation.arms_figures import forest_figure, size_figure, win_figure
from vip.evaluation.arms_gains import gains_of
from vip.evaluation.arms_page import Asked, render
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS

SURE = Bootstrap(500, 0.95, seed=0)
TRAINED_WITH = {"redpo": "reward", "plain_sft": "classifier"}
VALUES = {
    "redpo": {"reward": [[3, 2], [3, 4]], "classifier": [[1, 1], [2, 2]]},
    "plain_sft": {"reward": [[1.5, 1.5], [2.5, 2.5]], "classifier": [[1.5, 1.5], [2.5, 2.5]]},
    "pruned": {"reward": [[1, 1], [2, 2]], "classifier": [[1, 1], [2, 2]]},
}
"""By arm and evaluator: redpo gains by the reward that it trained with, and by nothing else; sft by both."""


@pytest.fixture(scope="module")
def scores():
    return pd.concat(
        [
            scores_of(arm, values, evaluator=evaluator)
            for evaluator in ("reward", "classifier")
            for arm, by_evaluator in VALUES.items()
            for values in [by_evaluator[evaluator]]
        ]
    )


@pytest.fixture(scope="module")
def tables(scores):
    return (
        arms_of(scores, sizes_of(*VALUES), steps_of("redpo"), SURE),
        differences_of(scores, "redpo", SURE),
    )


def gained(scores, trained_with=TRAINED_WITH, baseline="pruned", control="plain_sft"):
    return gains_of(scores, baseline, control, trained_with, SURE)


def page_of(tables, gains, trained_with=TRAINED_WITH, **left_out):
    return render(*tables, gains, Asked("redpo", "pruned", "plain_sft", SURE, trained_with, left_out))


@pytest.fixture(scope="module")
def page(tables, scores):
    return page_of(tables, gained(scores), offline="it cannot be")


def test_it_states_how_many_comparisons_there_were_and_how_many_chance_would_give(page):
    assert (
        "Of <b>20</b> differences of redpo from another arm, 10 lie wholly above zero and 5 wholly below"
        in page
    )
    assert re.search(r"about\s+1\.0 of so many intervals would miss zero", page)


def test_both_evaluators_have_their_tables(page):
    for reward in ("reward 1", "classifier 1"):
        assert f'aria-label="Differences by {reward}"' in page
        assert f'aria-label="Means by {reward}"' in page
    assert page.count('<th scope="row">plain sft') == 2 * 2 + 1
    assert "+1.500" in page
    assert "3.000" in page
    assert page.count('<td class="number">8</td></tr>') == 2


def test_with_the_teacher_every_stage_says_how_far_from_it_it_is(scores, tables):
    teacher = scores_of("full", [[4, 3], [4, 5]], stage=0)
    sizes = pd.concat([sizes_of(*VALUES), sizes_of("full").assign(stage=0)])
    with_teacher = arms_of(pd.concat([scores, teacher]), sizes, steps_of("redpo"), SURE), tables[1]
    gains = gained(scores)
    assert re.search(r'3\.000<small class="below">.1\.000</small>', page_of(with_teacher, gains))
    assert "how far from the teacher" not in page_of(tables, gains)


def test_it_says_what_each_arm_trained_with_and_whom_each_reward_trained(page):
    assert page.count('<th scope="row">redpo<small>trained with reward 1</small></th>') == 2
    assert page.count('<th scope="row">plain sft<small>trained with classifier 1</small></th>') == 2
    assert page.count('<th scope="row">pruned</th>') == 2 * 2
    assert 'classifier 1 <small class="muted">trained plain sft</small>' in page


def test_a_gain_that_only_the_reward_trained_with_sees_is_called_over_optimisation(page):
    row = re.search(r'<th scope="row">redpo</th><td>reward 1</td>(.*?)</tr>', page, re.DOTALL)[1]
    assert re.findall(r"<b>(.\d\.\d{3}|0\.000)</b>", row) == ["+1.500", "0.000"]
    assert "<small>its own reward</small>" in row
    assert "<small>excess +1.500 [" in row
    assert '<b class="below">not all of it</b>' in row
    assert "classifier 1 sees less in visual quality" in row


def test_without_a_gain_there_is_nothing_to_over_optimise(tables, scores):
    trained_with = {"redpo": "classifier"}
    page = page_of(tables, gained(scores, trained_with), trained_with)
    row = re.search(r'<th scope="row">redpo</th><td>classifier 1</td>(.*?)</tr>', page, re.DOTALL)[1]
    assert "no gain by its own reward" in row


def test_the_control_is_called_so_and_without_it_nothing_is_told(tables, scores, page):
    assert re.search(r'<th scope="row">plain sft</th><td>classifier 1</td>\s*<td>the control', page)
    page = page_of(tables, gained(scores, control="absent"))
    assert re.search(r'<th scope="row">redpo</th><td>reward 1</td>\s*<td>cannot be told', page)


def test_an_arm_whose_reward_judges_nobody_cannot_be_told(tables, scores):
    trained_with = {"redpo": "mixture, which judges nobody here"}
    page = page_of(tables, gained(scores, trained_with), trained_with)
    assert "<td>mixture, which judges nobody here</td>" in page
    assert "cannot be told" in page
    assert "<small>excess" not in page


def test_arms_that_are_left_out_are_named_with_the_reason(page):
    assert "<b>Offline</b> is left out: it cannot be." in page


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
    assert average["x"][0] == row["difference"]
    assert average["error_x"]["array"][0] == row["high"] - row["difference"]
    assert win_figure(differences, "reward", "title")["data"][0]["x"][0] == row["win_rate"]


def test_quality_stands_against_parameters(tables):
    arms, _ = tables
    figure = size_figure(arms, "reward", "title")
    assert [(trace["name"], trace["x"], trace["y"]) for trace in figure["data"]] == [
        ("redpo", [11.0], [3.0]),
        ("plain sft", [11.0], [2.0]),
        ("pruned", [11.0], [1.5]),
    ]


def test_without_differences_and_gains_it_says_so(tables, scores):
    arms, differences = tables
    page = page_of((arms, differences.iloc[:0]), gained(scores, baseline="absent"))
    assert "Nothing to compare redpo with in this run." in page
    assert "Nothing to count gains from: run the arm pruned" in page
    assert "Differences by" not in page
