"""Means and paired differences, by hand."""

import pandas as pd
import pytest

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS, compare, paired_differences


def scores(values: list[float], seeds: list[int] | None = None) -> pd.DataFrame:
    table = pd.DataFrame({"prompt_id": ["a", "b", "c"][: len(values)], "seed": seeds or [0] * len(values)})
    return table.assign(**dict.fromkeys(DIMENSIONS, values))


def test_means_and_differences_by_hand() -> None:
    tables = {
        "full": scores([3.0, 2.0, 1.0]),
        "pruned": scores([2.5, 1.5, 0.5]),
        "student": scores([2.9, 1.9, 0.9]),
    }
    metrics = compare(tables, Bootstrap(100, 0.95, seed=0)).set_index(["model", "dimension"])
    assert len(metrics) == 15
    row = metrics.loc[("student", "average")]
    assert row["mean"] == pytest.approx(1.9)
    assert row["versus_full"] == pytest.approx(-0.1)
    assert (row["versus_full_low"], row["versus_full_high"]) == (pytest.approx(-0.1), pytest.approx(-0.1))
    assert row["versus_pruned"] == pytest.approx(0.4)


def test_a_model_does_not_differ_from_itself() -> None:
    metrics = compare(dict.fromkeys(("full", "pruned"), scores([3.0, 1.0])), Bootstrap(100, 0.9, seed=0))
    differences = metrics[[name for name in metrics.columns if name.startswith("versus")]]
    assert (differences == 0).all(axis=None)


def test_pairs_are_found_by_prompt_and_seed_whatever_the_order() -> None:
    ours, theirs = scores([3.0, 2.0, 1.0]), scores([3.0, 2.0, 1.0]).iloc[::-1]
    assert (paired_differences(ours, theirs) == 0).all(axis=None)


def test_pairing_takes_out_what_prompts_have_in_common() -> None:
    """The prompts differ by whole points, the models by exactly 0.1: the paired interval has no width."""
    row = compare(
        {"full": scores([1.0, 2.0, 4.0]), "pruned": scores([0.9, 1.9, 3.9])}, Bootstrap(200, 0.95, seed=0)
    )
    pruned = row[row["model"] == "pruned"].iloc[0]
    assert pruned["versus_full_high"] - pruned["versus_full_low"] == pytest.approx(0)


def test_clips_without_a_partner_are_refused() -> None:
    with pytest.raises(UserError, match="3 and 2, 1 of them without a partner"):
        paired_differences(scores([1.0, 2.0, 3.0]), scores([1.0, 2.0]))
    with pytest.raises(UserError, match="6 of them without a partner"):
        paired_differences(scores([1.0, 2.0, 3.0]), scores([1.0, 2.0, 3.0], seeds=[1, 1, 1]))
    twice = pd.concat([scores([1.0]), scores([1.0])])
    with pytest.raises(UserError, match="2 and 2"):
        paired_differences(twice, twice)
