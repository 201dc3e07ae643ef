"""Importance: paired differences by unit and dimension, worked out by hand."""

import math

import pandas as pd
import pytest

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS
from vip.pruning.importance import WHOLE, importance_table, losses_of
from vip.types import PROPERTIES, Unit

UNITS = (
    Unit("a", ("a",), 10),
    Unit("b", ("b",), 20),
    Unit("edge", ("e",), 5, removable=False, reason="channels"),
)


def candidate_scores(by_unit):
    """`by_unit` maps a unit to its clips' total scores; every property gets the same score."""
    rows = [
        {"unit": unit, "prompt_id": f"p{index}", "seed": index, "average": score}
        | dict.fromkeys(PROPERTIES, score)
        for unit, scores in by_unit.items()
        for index, score in enumerate(scores)
    ]
    return pd.DataFrame(rows)


SCORES = candidate_scores({WHOLE: [3.0, 2.0, 4.0], "a": [2.0, 1.5, 4.0], "b": [3.5, 2.5, 4.5]})


def table(scores=SCORES, units=UNITS, seed=0):
    return importance_table(units, scores, Bootstrap(200, 0.95, seed))


def test_by_hand():
    importance = table()
    assert list(importance.columns) == [
        "unit",
        "parameters",
        "removable",
        "dimension",
        "mean",
        "difference",
        "low",
        "high",
    ]
    assert list(zip(importance["unit"], importance["dimension"], strict=True)) == [
        (unit.name, dimension) for unit in UNITS for dimension in DIMENSIONS
    ]
    rows = importance.set_index(["unit", "dimension"])
    assert rows.loc[("a", "average"), "mean"] == 2.5
    assert rows.loc[("a", "average"), "difference"] == -0.5
    assert -1.0 <= rows.loc[("a", "average"), "low"] < -0.5 < rows.loc[("a", "average"), "high"] <= 0.0
    equal = rows.loc[("b", "text_alignment")]
    assert (equal["difference"], equal["low"], equal["high"], equal["parameters"]) == (0.5, 0.5, 0.5, 20)
    assert rows.loc["edge", ["mean", "difference", "low", "high"]].isna().all(axis=None)
    assert not rows.loc["edge", "removable"].any()


def test_losses_are_what_the_average_falls_by():
    assert losses_of(table()) == {"a": 0.5, "b": -0.5}


def test_a_unit_that_changes_nothing_costs_nothing():
    same = candidate_scores({WHOLE: [3.0, 1.0], "a": [3.0, 1.0]})
    importance = table(same, UNITS[:1])
    assert (importance[["difference", "low", "high"]] == 0).all(axis=None)


def test_rows_are_paired_by_prompt_and_seed_whatever_their_order():
    shuffled = SCORES.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(table(shuffled), table())


def test_one_scoring_prompt_gives_differences_without_intervals():
    one = candidate_scores({WHOLE: [3.0], "a": [2.0]})
    row = table(one, UNITS[:1]).iloc[-1]
    assert row["difference"] == -1.0
    assert math.isnan(row["low"])


def test_missing_candidates_and_clips_are_refused():
    with pytest.raises(UserError, match="2 candidates, and b is not one of them"):
        table(SCORES[SCORES["unit"] != "b"])
    with pytest.raises(UserError, match="the whole model is not one"):
        table(SCORES[SCORES["unit"] != WHOLE])
    with pytest.raises(UserError, match="partner of the same prompt and seed"):
        table(SCORES.drop(index=4))
