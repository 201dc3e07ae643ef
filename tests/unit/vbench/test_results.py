"""Both versions side by side, by hand."""

import pandas as pd
import pytest

from vip.errors import UserError
from vip.vbench.dimensions import DIMENSIONS, totals
from vip.vbench.prompts import read_prompts
from vip.vbench.results import OUR_DYNAMIC_DEGREE, OUR_FLICKERING, tabulate

STATIC, DYNAMIC = "a bicycle leaning against a tree", "a dog running happily"
PROMPTS = read_prompts([{"prompt_en": prompt, "dimension": list(DIMENSIONS)} for prompt in (STATIC, DYNAMIC)])
MOVES = {f"{STATIC}-0.mp4": 0.0, f"{STATIC}-1.mp4": 1.0, f"{DYNAMIC}-0.mp4": 1.0, f"{DYNAMIC}-1.mp4": 1.0}
MEASURES = pd.DataFrame(
    [
        (STATIC, "temporal_flickering", 0.9),
        (DYNAMIC, "temporal_flickering", 0.8),
        (STATIC, "dynamic_degree", 0.0),
        (STATIC, "dynamic_degree", 0.0),
        (DYNAMIC, "dynamic_degree", 1.0),
        (DYNAMIC, "dynamic_degree", 0.0),
    ],
    columns=["prompt", "dimension", "value"],
)


def results(moves=MOVES, score=0.75):
    rows = {name: {"score": 0.8 if dimension.high > 0.8 else 0.2} for name, dimension in DIMENSIONS.items()}
    return rows | {"dynamic_degree": {"score": score, **moves}}


def test_published_and_revised_stand_side_by_side():
    table = tabulate(results(), MEASURES, PROMPTS).set_index("measure")
    assert table.loc["dynamic_degree"].tolist() == [0.75, 0.75]
    all_move = tabulate(results(dict.fromkeys(MOVES, 1.0), 1.0), MEASURES, PROMPTS).set_index("measure")
    assert all_move.loc["dynamic_degree"].tolist() == [1.0, 0.5]
    quality, total = all_move.loc["quality"], all_move.loc["total"]
    assert quality["published"] - quality["revised"] == pytest.approx(0.5 * 0.5 / 6.5)
    assert total["published"] - total["revised"] == pytest.approx(0.8 * 0.5 * 0.5 / 6.5)
    assert all_move.loc["semantic", "published"] == all_move.loc["semantic", "revised"]
    scores = {name: row["score"] for name, row in results(dict.fromkeys(MOVES, 1.0), 1.0).items()}
    assert total["published"] == totals(scores).total


def test_our_own_measures_stand_beside_and_enter_no_total():
    table = tabulate(results(), MEASURES, PROMPTS).set_index("measure")
    assert table.loc[OUR_FLICKERING].tolist() == pytest.approx([0.85, 0.85])
    assert table.loc[OUR_DYNAMIC_DEGREE].tolist() == [0.25, 0.75]
    other = MEASURES.assign(value=1.0)
    again = tabulate(results(), other, PROMPTS).set_index("measure")
    assert again.loc["total"].tolist() == table.loc["total"].tolist()


def test_a_score_that_its_own_videos_contradict_is_refused():
    with pytest.raises(UserError, match="dynamic_degree is 0.500000, and 0.750000 of its videos move"):
        tabulate(results(score=0.5), MEASURES, PROMPTS)


def test_a_missing_dimension_is_refused():
    incomplete = results()
    del incomplete["scene"]
    with pytest.raises(UserError, match="1 of VBench's 16 dimensions are missing .scene"):
        tabulate(incomplete, MEASURES, PROMPTS)
