"""Gains by the reward an arm trained with, and by the others: from the baseline, paired, with intervals."""

import numpy as np
import pandas as pd
import pytest
from tests.unit.evaluation.test_arms import scores_of

from vip.evaluation.arms_gains import COLUMNS, carries, gains_of
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS

SURE = Bootstrap(1000, 0.95, seed=0)
TRAINED_WITH = {"redpo": "reward", "other": "classifier"}


def scores(gains, baseline=None):
    """Scores of `pruned` and of arms that gain so much over it: {arm: {evaluator: (S, P) gains}}.

    Unless it is among them, `sft` gains 1 by every evaluator, so that all are of one scale.
    """
    shape = np.shape(next(iter(next(iter(gains.values())).values())))
    start = np.random.default_rng(0).normal(2, 0.3, shape) if baseline is None else baseline
    tables = [
        scores_of(arm, start + np.asarray(gain), evaluator=evaluator)
        for arm, by_evaluator in gains.items()
        for evaluator, gain in by_evaluator.items()
    ]
    evaluators = sorted({evaluator for by_evaluator in gains.values() for evaluator in by_evaluator})
    plain = {arm: gain for arm, gain in (("pruned", 0), ("sft", 1)) if arm not in gains}
    return pd.concat(
        [
            *(scores_of(arm, start + plain[arm], evaluator=each) for arm in plain for each in evaluators),
            *tables,
        ]
    )


def row_of(table, arm, evaluator, dimension="average"):
    found = table[
        (table["arm"] == arm) & (table["evaluator"] == evaluator) & (table["dimension"] == dimension)
    ]
    assert len(found) == 1
    return found.iloc[0].to_dict()


def rows_of(table, arm):
    """What `carries` reads."""
    return table[(table["arm"] == arm) & (table["dimension"] == "average")].to_dict("records")


def gained(gains, trained_with=TRAINED_WITH, baseline="pruned", control="sft"):
    return gains_of(scores(gains), baseline, control, trained_with, SURE)


def test_gains_by_hand():
    """Over four clips redpo gains 0.5 by its own reward and 0.25 by the classifier: an excess of 0.25."""
    table = gained({"redpo": {"reward": [[0, 1], [1, 0]], "classifier": [[0, 0], [1, 0]]}})
    assert tuple(table.columns) == COLUMNS
    assert len(table) == 2 * len(DIMENSIONS)
    own, other = (row_of(table, "redpo", evaluator) for evaluator in ("reward", "classifier"))
    assert (own["gain"], other["gain"]) == pytest.approx((0.5, 0.25))
    assert other["excess"] == pytest.approx(0.25)
    assert other["excess_low"] <= 0.25 <= other["excess_high"]
    assert np.isnan([own["excess"], own["excess_low"], own["excess_high"]]).all()
    assert (other["seeds"], other["prompts"]) == (2, 2)


def test_the_excess_is_paired_so_prompts_that_all_see_alike_leave_no_spread():
    luck = np.random.default_rng(1).normal(0, 1, (3, 20))
    table = gained({"redpo": {"reward": luck + 0.2, "classifier": luck}})
    row = row_of(table, "redpo", "classifier")
    assert [row["excess_low"], row["excess"], row["excess_high"]] == pytest.approx([0.2] * 3)
    assert row["high"] - row["low"] > 0.3


def test_judging_the_other_way_round_negates_the_excess():
    rng = np.random.default_rng(2)
    gain = {"reward": rng.normal(size=(3, 8)), "classifier": rng.normal(size=(3, 8))}
    table = gained({"redpo": gain, "other": gain})
    one, other = row_of(table, "redpo", "classifier"), row_of(table, "other", "reward")
    assert one["excess"] == pytest.approx(-other["excess"])
    assert one["excess_low"] == pytest.approx(-other["excess_high"])


@pytest.mark.parametrize(
    ("own", "other", "verdict"),
    [
        (0.3, 0.3, {"reward": "own", "classifier": "as much"}),
        (0.3, 0.6, {"reward": "own", "classifier": "as much"}),
        (0.3, 0.1, {"reward": "own", "classifier": "less"}),
        (0.3, -0.2, {"reward": "own", "classifier": "less"}),
        (-0.2, -0.5, {"reward": "none", "classifier": "none"}),
        (0.0, 0.3, {"reward": "none", "classifier": "none"}),
    ],
)
def test_only_a_gain_can_fail_to_carry_over(own, other, verdict):
    table = gained({"redpo": {"reward": np.full((2, 4), own), "classifier": np.full((2, 4), other)}})
    assert carries(rows_of(table, "redpo")) == verdict


def test_what_two_rewards_see_differently_in_the_control_as_well_is_their_scale():
    """A judge that sees half of everybody's gains sees no over-optimisation, one that sees half of one's."""
    rng = np.random.default_rng(4)
    shared, own = rng.normal(0.4, 0.1, (5, 64)), rng.normal(0.4, 0.1, (5, 64))
    trained_with = {"redpo": "reward", "sft": "reward"}
    halved = {
        "sft": {"reward": shared, "classifier": shared / 2},
        "redpo": {"reward": shared + 0.05, "classifier": (shared + 0.05) / 2},
    }
    table = gained(halved, trained_with)
    assert row_of(table, "redpo", "classifier")["excess"] == pytest.approx(0)
    assert carries(rows_of(table, "redpo"))["classifier"] == "as much"
    steered = halved | {"redpo": {"reward": shared + own, "classifier": shared / 2}}
    table = gained(steered, trained_with)
    assert row_of(table, "redpo", "classifier")["excess"] == pytest.approx(own.mean())
    assert carries(rows_of(table, "redpo"))["classifier"] == "less"


def test_the_control_is_judged_by_nothing_and_without_it_or_its_gain_nobody_is():
    gains = {arm: {"reward": [[1, 1]], "classifier": [[0, 0]]} for arm in ("redpo", "sft")}
    trained_with = dict.fromkeys(gains, "reward")
    table = gained(gains, trained_with)
    assert set(carries(rows_of(table, "sft")).values()) == {"unjudged"}
    table = gained(gains | {"sft": {"reward": [[1, 1]], "classifier": [[1, -1]]}}, trained_with)
    assert set(carries(rows_of(table, "redpo")).values()) == {"unjudged"}
    table = gained(gains, trained_with, control="absent")
    assert set(carries(rows_of(table, "redpo")).values()) == {"unjudged"}
    assert table["gain"].notna().all()


def test_noise_is_no_over_optimisation():
    """Where both see the same gain, each with errors of its own, the excess holds zero."""
    rng = np.random.default_rng(3)
    table = gained({"redpo": {name: rng.normal(0.3, 0.3, (5, 64)) for name in ("reward", "classifier")}})
    assert carries(rows_of(table, "redpo"))["classifier"] == "as much"


def test_an_arm_whose_reward_is_no_evaluator_has_gains_without_an_excess():
    table = gained({"redpo": {"reward": [[1, 1]], "classifier": [[1, 1]]}}, {"redpo": "mixture"})
    assert table["gain"].notna().all()
    assert table["excess"].isna().all()
    assert set(carries(rows_of(table, "redpo")).values()) == {"unjudged"}


def test_arms_that_do_not_train_and_the_baseline_itself_gain_nothing():
    table = gained(
        {"redpo": {"reward": [[1, 1]]}, "full": {"reward": [[1, 1]]}}, {"redpo": "reward", "pruned": "reward"}
    )
    assert set(table["arm"]) == {"redpo"}


def test_without_the_baseline_there_are_no_gains():
    table = gained({"redpo": {"reward": [[1, 1]]}}, baseline="absent")
    assert (len(table), tuple(table.columns)) == (0, COLUMNS)
