"""The totals are the leaderboard's."""

import pytest

from vip.errors import UserError
from vip.vbench.dimensions import DIMENSIONS, QUALITY, SEMANTIC, check_complete, totals

# Rows of VBench's leaderboard in percent, as reprinted in T2V-Turbo-v2 (arXiv 2410.05677, Table 11) and
# Show-o2 (arXiv 2506.15564): the sixteen dimensions in our order, then Quality, Semantic and Total.
LEADERBOARD = {
    "VideoCrafter-2.0": (
        (96.85, 98.22, 98.41, 97.73, 42.50, 63.13, 67.22),
        (92.55, 40.66, 95.00, 92.92, 35.86, 55.29, 25.13, 25.84, 28.23),
        (82.20, 73.42, 80.44),
    ),
    "AnimateDiff-V2": (
        (95.30, 97.68, 98.75, 97.76, 40.83, 67.16, 70.10),
        (90.90, 36.88, 92.60, 87.47, 34.60, 50.19, 22.42, 26.03, 27.04),
        (82.90, 69.75, 80.27),
    ),
    "Show-1": (
        (95.53, 98.02, 99.12, 98.24, 44.44, 57.35, 58.66),
        (93.07, 45.47, 95.60, 86.35, 53.50, 47.03, 23.06, 25.28, 27.46),
        (80.42, 72.98, 78.93),
    ),
    "LaVie": (
        (91.41, 97.47, 98.30, 96.38, 49.72, 54.94, 61.90),
        (91.82, 33.32, 96.80, 86.39, 34.09, 52.69, 23.56, 25.93, 26.41),
        (78.78, 70.31, 77.08),
    ),
    "Gen-2": (
        (97.61, 97.61, 99.56, 99.58, 18.89, 66.96, 67.42),
        (90.92, 55.47, 89.20, 89.49, 66.91, 48.91, 19.34, 24.12, 26.17),
        (82.47, 73.03, 80.58),
    ),
}
ROUNDING = 1e-4
"""The rows are rounded to 0.01%, which reaches the totals through sixteen divisions by the ranges."""


def scores_of(model):
    quality, semantic, _ = LEADERBOARD[model]
    return {name: value / 100 for name, value in zip(DIMENSIONS, (*quality, *semantic), strict=True)}


@pytest.mark.parametrize("model", LEADERBOARD)
def test_totals_are_those_of_the_published_leaderboard(model):
    sums = totals(scores_of(model))
    published = [value / 100 for value in LEADERBOARD[model][2]]
    assert [sums.quality, sums.semantic, sums.total] == pytest.approx(published, abs=ROUNDING)


def test_the_ends_of_every_range_are_0_and_1():
    worst = totals({name: dimension.low for name, dimension in DIMENSIONS.items()})
    best = totals({name: dimension.high for name, dimension in DIMENSIONS.items()})
    assert vars(worst) == pytest.approx({"quality": 0, "semantic": 0, "total": 0})
    assert vars(best) == pytest.approx({"quality": 1, "semantic": 1, "total": 1})


def test_the_dynamic_degree_weighs_half():
    scores = scores_of("LaVie")
    changed = {name: totals(scores | {name: scores[name] + 0.01}).quality for name in QUALITY}
    gains = {name: value - totals(scores).quality for name, value in changed.items()}
    assert gains["dynamic_degree"] == pytest.approx(0.01 * 0.5 / 6.5)
    assert gains["imaging_quality"] == pytest.approx(0.01 / 6.5)
    assert (len(QUALITY), len(SEMANTIC)) == (7, 9)


def test_missing_dimensions_are_refused_not_counted_as_0():
    scores = scores_of("LaVie")
    del scores["scene"], scores["color"]
    with pytest.raises(
        UserError, match=r"2 of VBench's 16 dimensions are missing .color, scene.; totals need all"
    ):
        totals(scores)
    with pytest.raises(UserError, match="16 of VBench's 16"):
        check_complete([])


@pytest.mark.parametrize("value", [float("nan"), 67.22, -1.1])
def test_percentages_and_missing_numbers_are_refused(value):
    with pytest.raises(UserError, match="VBench's imaging_quality is .*, not a share or a cosine"):
        totals(scores_of("LaVie") | {"imaging_quality": value})
