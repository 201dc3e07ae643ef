"""The table of results and its text."""

import pandas as pd
from tests.unit.evaluation import synthetic

from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.results import COST_COLUMNS, results_as_text, rows_of, rows_with_cells
from vip.evaluation.stages import DATASETS, Evidence, gather


def test_one_row_a_stage_model_and_dimension(results: pd.DataFrame, stages: tuple[Evidence, ...]) -> None:
    assert len(results) == 2 * 3 * len(DIMENSIONS)
    assert not results.duplicated(["stage", "model", "dimension"]).any()
    for evidence in stages:
        mine = results[results["stage"] == evidence.stage].reset_index(drop=True)
        pd.testing.assert_frame_equal(mine[evidence.metrics.columns], evidence.metrics)
        costs = mine.drop_duplicates("model").reset_index(drop=True)[["model", *COST_COLUMNS]]
        pd.testing.assert_frame_equal(costs, evidence.costs)


def test_people_see_the_teacher_once(results: pd.DataFrame) -> None:
    assert [(stage, model) for stage, model, _ in rows_of(results)] == [
        (0, "full"), (1, "pruned"), (1, "student"), (2, "pruned"), (2, "student"),
    ]  # fmt: skip


def test_text_holds_the_numbers_in_ascii(results: pd.DataFrame) -> None:
    text = results_as_text(results)
    lines = text.splitlines()
    assert text.isascii()
    assert len(lines) == 6
    student = results[(results["stage"] == 2) & (results["model"] == "student")].set_index("dimension")
    for dimension in DIMENSIONS:
        assert f"{student.loc[dimension, 'mean']:.3f}" in lines[-1]
    assert f"{student.loc['average', 'versus_pruned']:+.3f} [" in lines[-1]
    assert "390 k" in lines[-1]
    assert max(map(len, lines)) < 150


def test_a_row_has_its_first_record_and_a_cell_a_dimension_with_its_side_of_zero():
    table = pd.DataFrame(
        [("a", 1, "average", 0.1, 0.2), ("a", 2, "average", -0.1, 0.2), ("a", 1, "motion", -0.2, -0.1)],
        columns=["arm", "stage", "dimension", "low", "high"],
    )
    first, second = rows_with_cells(table, "arm", "stage")
    assert [(row["arm"], row["stage"]) for row in (first, second)] == [("a", 1), ("a", 2)]
    assert [(name, cell["side"]) for name, cell in first["cells"].items()] == [
        ("average", "above"),
        ("motion", "below"),
    ]
    assert second["cells"]["average"] == {**table.iloc[1], "side": "unclear"}
    (only,) = rows_with_cells(table, "arm", low="stage", high="stage")
    assert {cell["side"] for cell in only["cells"].values()} == {"above"}


def test_gather_sorts_stages_by_number() -> None:
    arguments = synthetic.stage_arguments(3, prompts=["a red circle moves left", "a blue square stays still"])
    shuffled = dict(sorted(arguments.items(), reverse=True))
    gathered = gather(shuffled)
    assert [evidence.stage for evidence in gathered] == [1, 2, 3]
    assert gathered[2].metrics is arguments["stage_3__metrics"]
    assert len(arguments) == 3 * len(DATASETS)
    assert gathered[1].removed == tuple(synthetic.REMOVED[2])
