"""The verdict: recovery by hand, and words that follow the intervals."""

import pandas as pd
import pytest
from tests.unit.evaluation import synthetic

from vip.evaluation.bootstrap import Bootstrap, Interval
from vip.evaluation.results import tabulate_results
from vip.evaluation.stages import Evidence, gather
from vip.evaluation.verdict import (
    Claim,
    Recovery,
    claims,
    gain_claim,
    headline,
    properties_claim,
    recoveries,
    recovery_claim,
    recovery_share,
    teacher_claim,
)
from vip.evaluation.wording import MINUS
from vip.types import PROPERTIES

SURE = Bootstrap(200, 0.95, seed=0)

NAN = float("nan")


def said(ascii_text: str) -> str:
    """With true minus signs."""
    return ascii_text.replace("-", MINUS)


def metrics(
    *, full: tuple[float, float, float] = (0, 0, 0), pruned: tuple[float, float, float] = (0, 0, 0)
) -> dict[tuple[int, str, str], dict[str, float]]:
    """Rows of stage 1 in which the student differs so from the others, in every dimension."""
    student = {"mean": 3.5}
    for name, (difference, low, high) in (("full", full), ("pruned", pruned)):
        student |= {f"versus_{name}": difference, f"versus_{name}_low": low, f"versus_{name}_high": high}
    return {
        (1, model, dimension): row
        for dimension in (*PROPERTIES, "average")
        for model, row in (
            ("student", student),
            ("full", {"mean": 3.5 - full[0]}),
            ("pruned", {"mean": 3.5 - pruned[0]}),
        )
    }


def test_recovery_by_hand() -> None:
    assert recovery_share(previous=3.8, pruned=3.4, student=3.7) == pytest.approx(0.75)
    assert recovery_share(previous=3.8, pruned=3.4, student=3.9) == pytest.approx(1.25)
    assert recovery_share(previous=3.8, pruned=3.4, student=3.3) == pytest.approx(-0.25)
    assert recovery_share(previous=3.4, pruned=3.4, student=3.5) is None
    assert recovery_share(previous=3.3, pruned=3.4, student=3.5) is None


def test_recovery_measures_from_the_model_the_stage_started_from(stages: tuple[Evidence, ...]) -> None:
    first, second = recoveries(stages, SURE)
    mean = {
        (stage, model): stages[stage - 1].scores(model)["average"].mean()
        for stage in (1, 2)
        for model in ("full", "pruned", "student")
    }
    assert first.loss.mean == pytest.approx(mean[1, "full"] - mean[1, "pruned"])
    assert second.loss.mean == pytest.approx(mean[1, "student"] - mean[2, "pruned"])
    assert second.share == pytest.approx(
        (mean[2, "student"] - mean[2, "pruned"]) / (mean[1, "student"] - mean[2, "pruned"])
    )


def check(claim: Claim, standing: str, *words: str) -> None:
    assert claim.standing == standing
    for word in words:
        assert word in claim.text


def test_against_the_teacher() -> None:
    check(teacher_claim(metrics(full=(0.1, 0.05, 0.15)), 1), "holds", "better", "+0.100 [+0.050, +0.150]")
    check(
        teacher_claim(metrics(full=(-0.1, -0.15, -0.05)), 1),
        "fails",
        "worse",
        said("-0.100 [-0.150, -0.050]"),
    )
    crossing = teacher_claim(metrics(full=(-0.01, -0.06, 0.04)), 1)
    check(crossing, "open", "none is ruled out", "contains zero", "a loss of up to 0.060 remains possible")
    check(teacher_claim(metrics(full=(0.3, NAN, NAN)), 1), "open", "Too few clips")


def test_gain_over_pruning() -> None:
    check(gain_claim(metrics(pruned=(0.13, 0.08, 0.17)), 1), "holds", "above zero", "3.370 to 3.500")
    check(gain_claim(metrics(pruned=(-0.5, -0.6, -0.4)), 1), "fails", "made it worse")
    check(gain_claim(metrics(pruned=(0.02, -0.01, 0.05)), 1), "open", "No gain is shown", "may be chance")
    check(gain_claim(metrics(pruned=(0.02, NAN, NAN)), 1), "open", "Too few clips")


def test_an_interval_that_touches_zero_proves_nothing() -> None:
    check(gain_claim(metrics(pruned=(0.02, 0.0, 0.05)), 1), "open", "contains zero")
    check(teacher_claim(metrics(full=(-0.02, -0.05, 0.0)), 1), "open", "contains zero")


@pytest.mark.parametrize(
    ("loss", "share", "gain", "standing", "words"),
    [
        ((0.2, 0.1, 0.3), 0.9, (0.18, 0.1, 0.2), "holds", "90% of it"),
        ((0.2, 0.1, 0.3), 0.5, (0.10, 0.05, 0.15), "partly", "50% of it"),
        ((0.2, 0.1, 0.3), 0.5, (0.10, -0.05, 0.25), "partly", "The gain itself may be chance"),
        ((0.2, 0.1, 0.3), -0.5, (-0.1, -0.2, -0.05), "fails", "won nothing back"),
        ((0.2, -0.1, 0.5), 0.9, (0.18, 0.1, 0.2), "open", "may be chance"),
        ((-0.1, -0.2, 0.1), None, (0.1, 0.05, 0.15), "open", "nothing to win back"),
    ],
)
def test_recovery_in_words(
    loss: tuple[float, float, float],
    share: float | None,
    gain: tuple[float, float, float],
    standing: str,
    words: str,
) -> None:
    claim = recovery_claim(metrics(pruned=gain), 1, Recovery(Interval(*loss), share))
    check(claim, standing, words, "the teacher")


def test_later_stages_start_from_the_last_student() -> None:
    rows = {
        (2, model, dimension): row for (_, model, dimension), row in metrics(pruned=(0.1, 0.05, 0.15)).items()
    }
    claim = recovery_claim(rows, 2, Recovery(Interval(0.1, 0.05, 0.2), 1.0))
    check(claim, "holds", "the student of stage 1")


def test_properties_are_named_by_side() -> None:
    check(
        properties_claim(metrics(full=(-0.1, -0.2, -0.05)), 1),
        "fails",
        "Below the teacher in visual quality (",
    )
    check(
        properties_claim(metrics(full=(0.1, 0.05, 0.2)), 1),
        "holds",
        "Above the teacher in",
        " and text alignment",
    )
    check(properties_claim(metrics(full=(0.0, -0.05, 0.2)), 1), "open", "Not to be told from the teacher in")


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (-0.5, "points below the teacher"),
        (0.5, "points above the teacher"),
        (0.0, "cannot be told from the teacher"),
    ],
)
def test_headline_follows_the_interval(student: float, words: str) -> None:
    offsets = {"full": 0.0, "pruned": -0.3, "student": student}
    arguments = synthetic.stage_arguments(1, offsets=offsets, spread=0.001 if student else 0.3)
    stages = gather(arguments)
    results = tabulate_results(stages)
    assert words in headline(results)
    assert "With 14% of the prunable parameters gone" in headline(results)


def test_all_claims_of_two_stages(stages: tuple[Evidence, ...], results: pd.DataFrame) -> None:
    titles = [claim.title for claim in claims(results, recoveries(stages, SURE))]
    assert len(titles) == len(set(titles)) == 7
    size = claims(results, recoveries(stages, SURE))[0]
    check(size, "holds", "2 stages removed 41% of the prunable parameters (660 k to 390 k)")
