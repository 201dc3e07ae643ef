"""VBench's tables on the page: totals first, revised scores where they differ, no scores of another model."""

import pytest
from tests.unit.evaluation.synthetic import vbench_scores

from vip.evaluation.benchmark import Score, benchmark
from vip.vbench.dimensions import DIMENSIONS

NOW = {"full": "fingerprint-of-teacher", "student": "fingerprint-of-student-2"}


def tables(full="teacher", student="student-2"):
    return {
        "full": None if full is None else vbench_scores(full),
        "student": None if student is None else vbench_scores(student, offset=-0.012),
    }


def test_totals_come_first_and_every_dimension_once():
    shown = benchmark(tables(), NOW)
    assert [row.measure for row in shown.rows] == ["quality", "semantic", "total", *DIMENSIONS]
    assert [row.measure for row in shown.rows if row.total] == ["quality", "semantic", "total"]
    assert shown.models == ("full", "student")
    assert shown.outdated == ()


def test_scores_are_percents_with_the_revised_one_where_it_differs():
    rows = {row.measure: row for row in benchmark(tables(), NOW).rows}
    assert rows["dynamic_degree"].scores == (Score("50.00", "40.00"), Score("48.80", "38.80"))
    assert rows["scene"].scores == (Score("50.00"), Score("48.80"))
    assert rows["scene"].difference == Score("\N{MINUS SIGN}1.20")
    assert rows["dynamic_degree"].difference == Score("\N{MINUS SIGN}1.20")


def test_a_measure_that_one_table_lacks_has_no_difference():
    given = tables()
    given["student"] = given["student"][given["student"]["measure"] != "scene"]
    (row,) = [row for row in benchmark(given, NOW).rows if row.measure == "scene"]
    assert row.scores == (Score("50.00"), None)
    assert row.difference is None


@pytest.mark.parametrize(
    ("given", "models", "outdated"),
    [
        (tables(student=None), ("full",), ()),
        (tables(student="student-1"), ("full",), ("student",)),
        (tables(full=None, student="student-1"), (), ("student",)),
    ],
)
def test_scores_of_another_model_are_left_out_and_told(given, models, outdated):
    shown = benchmark(given, NOW)
    assert (shown.models, shown.outdated) == (models, outdated)
    assert all(row.difference is None for row in shown.rows)
    assert bool(shown.rows) == bool(models)


def test_without_tables_there_is_nothing():
    assert benchmark(tables(None, None), NOW) is None
