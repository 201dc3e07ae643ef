"""Votes in numbers that can be worked out by hand."""

import numpy as np
import pytest
from tests.unit.evaluation.user_study.voting import ballot_of, by_model, study_of

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.user_study.analysis import agreement, duels, places, tabulate
from vip.evaluation.user_study.votes import read_ballots


def ballots(study, *preferences):
    files = {str(n): ballot_of(study, prefer, f"rater {n}") for n, prefer in enumerate(preferences)}
    return read_ballots(files, study)


def table(study, *preferences, resamples=200):
    return tabulate(ballots(study, *preferences), study, Bootstrap(resamples, 0.95, seed=0)).set_index(
        "model"
    )


def mixed(wins, study):
    """Who prefers the student in the first `wins` comparisons and the full model in the others."""

    def prefer(models, number):
        better = "student" if number < wins else "full"
        return by_model(better, *({"student", "full"} - {better}))(models, number)

    return prefer


def test_bradley_terry_of_two_models_is_the_share_of_wins_and_of_the_tie_given_beforehand():
    study, _ = study_of(20, ["full", "student"])
    found = table(study, mixed(15, study))
    assert found.loc["student", "win_rate"] == pytest.approx(0.75)
    assert found.loc["student", "strength"] == pytest.approx(15.5 / 21, abs=1e-4)
    assert found.loc["student", "ranking_score"] == pytest.approx((15 * 2 + 5) / 60)
    assert found["strength"].sum() == pytest.approx(1.0)
    low, high = found.loc["student", ["win_rate_low", "win_rate_high"]]
    assert 0.5 < low < 0.75 < high < 1.0


def test_ties_are_half_a_win_each():
    study, _ = study_of(6)
    found = table(study, by_model("full pruned student"))
    assert found["win_rate"].tolist() == pytest.approx([0.5] * 3)
    assert found["ranking_score"].tolist() == pytest.approx([1 / 3] * 3)
    assert found["strength"].tolist() == pytest.approx([1 / 3] * 3)


def test_a_clear_order_gives_the_points_of_its_places():
    study, _ = study_of(4)
    found = table(study, by_model("student", "full", "pruned"))
    assert found["ranking_score"].to_dict() == pytest.approx(
        {"student": 3 / 6, "full": 2 / 6, "pruned": 1 / 6}
    )
    assert found["win_rate"].to_dict() == pytest.approx({"student": 1.0, "full": 0.5, "pruned": 0.0})
    assert found["strength"]["student"] > found["strength"]["full"] > found["strength"]["pruned"]
    assert np.isfinite(found.to_numpy()).all()


def test_the_last_two_may_be_equals():
    study, _ = study_of(1)
    given = {
        place.model: place.points
        for place in places(ballots(study, by_model("full", "pruned student")), study)
    }
    assert given == pytest.approx({"full": 3 / 6, "pruned": 1.5 / 6, "student": 1.5 / 6})


def test_turning_every_vote_round_turns_the_results_round():
    study, _ = study_of(5)
    there = table(study, by_model("student", "full", "pruned"), by_model("full", "student", "pruned"))
    back = table(study, by_model("pruned", "full", "student"), by_model("pruned", "student", "full"))
    np.testing.assert_allclose(there["win_rate"], 1 - back["win_rate"])
    np.testing.assert_allclose(there["ranking_score"], 2 / 3 - back["ranking_score"])


def test_a_vote_of_three_is_three_duels():
    study, _ = study_of(1)
    met = duels(ballots(study, by_model("student", "full pruned")), study)
    assert {(duel.first, duel.second): duel.outcome for duel in met} == {
        ("full", "pruned"): 0, ("full", "student"): -1, ("pruned", "student"): -1,
    }  # fmt: skip


def test_scores_add_up_and_the_same_seed_gives_the_same_intervals():
    study, _ = study_of(7)
    preferences = (by_model("student", "full pruned"), by_model("full", "pruned", "student"))
    first, second = (table(study, *preferences) for _ in range(2))
    assert first.equals(second)
    assert first["ranking_score"].sum() == pytest.approx(1.0)
    for name in ("win_rate", "ranking_score", "strength"):
        assert (first[f"{name}_low"] <= first[name] + 1e-9).all()
        assert (first[name] <= first[f"{name}_high"] + 1e-9).all()


def test_one_comparison_tells_no_spread():
    study, _ = study_of(1)
    found = table(study, by_model("student", "full", "pruned"))
    assert found[["win_rate_low", "strength_high"]].isna().all(axis=None)


def test_no_votes_are_refused():
    study, _ = study_of(1)
    with pytest.raises(UserError, match="0 votes to count"):
        tabulate([], study, Bootstrap(200, 0.95, seed=0))


def test_people_who_vote_alike_agree_and_one_alone_cannot():
    study, _ = study_of(6, ["full", "student"])
    half = mixed(3, study)
    assert agreement(ballots(study, half, half), study) == pytest.approx(1.0)
    assert agreement(ballots(study, half), study) is None
    assert agreement([], study) is None


def test_agreement_is_krippendorffs_alpha():
    """Two raters, four duels; coded +-1: (1, 1), (1, 1), (-1, -1), (1, -1) gives 1 - 7 * 2 / (2 * 5 * 3)."""
    study, _ = study_of(4, ["full", "student"])
    assert agreement(ballots(study, mixed(1, study), mixed(2, study)), study) == pytest.approx(1 - 14 / 30)
