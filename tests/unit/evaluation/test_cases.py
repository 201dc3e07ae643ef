"""Which clips are shown: the ends and the middle, and no clip twice."""

import pytest

from vip.evaluation.cases import choose_cases, choose_rows
from vip.evaluation.stages import Evidence


def test_ends_and_middle() -> None:
    assert choose_rows(9, 2) == {"worst": [0, 1], "best": [7, 8], "typical": [4, 3]}


@pytest.mark.parametrize("total", range(1, 12))
@pytest.mark.parametrize("count", [1, 3])
def test_no_clip_twice_and_worst_first_served(total: int, count: int) -> None:
    chosen = choose_rows(total, count)
    rows = [row for kind in chosen.values() for row in kind]
    assert len(rows) == len(set(rows)) == min(total, 3 * count)
    assert chosen["worst"] == list(range(min(count, total)))


def test_cases_are_ordered_by_student_minus_teacher(stages: tuple[Evidence, ...]) -> None:
    cases = choose_cases(stages[0], 2)
    assert [case.kind for case in cases] == ["best", "best", "typical", "typical", "worst", "worst"]
    differences = [case.difference for case in cases]
    assert differences == sorted(differences, reverse=True)
    full, student = (
        stages[0].scores(model).set_index("prompt_id")["average"] for model in ("full", "student")
    )
    every = student - full
    assert differences[0] == pytest.approx(every.max())
    assert differences[-1] == pytest.approx(every.min())
    assert min(every) < every.median() < max(every)
    assert abs(differences[2] - every.median()) < abs(differences[0] - every.median())


def test_a_case_shows_three_clips_of_one_prompt(stages: tuple[Evidence, ...]) -> None:
    for case in choose_cases(stages[1], 1):
        assert [shown.model for shown in case.shown] == ["full", "pruned", "student"]
        assert len({shown.clip.rsplit("-", 1)[1] for shown in case.shown}) == 1
        by_model = {shown.model: shown.scores["average"] for shown in case.shown}
        assert case.difference == pytest.approx(by_model["student"] - by_model["full"])
