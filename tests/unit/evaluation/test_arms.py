"""Means of arms and differences between them: paired by seed, prompt and noise."""

import numpy as np
import pandas as pd
import pytest

from vip.errors import UserError
from vip.evaluation.arms import arms_of, differences_of, means_of, paired_gains
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.crossed import stretch

SURE = Bootstrap(2000, 0.95, seed=0)


def scores_of(arm, values, stage=1, evaluator="reward"):
    """A table of scores (S seeds, P prompts), the same in every dimension."""
    return pd.DataFrame(
        [
            {"arm": arm, "run_seed": seed, "stage": stage, "evaluator": evaluator, "reward": f"{evaluator} 1"}
            | {"prompt_id": f"p{prompt}", "prompt": f"p{prompt}", "seed": 100 * seed + prompt}
            | dict.fromkeys(DIMENSIONS, float(value))
            for seed, row in enumerate(values)
            for prompt, value in enumerate(row)
        ]
    )


def sizes_of(*arms):
    rows = [(arm, seed, 1, 10 + 2 * seed, 100) for arm in arms for seed in (0, 1)]
    return pd.DataFrame(rows, columns=["arm", "run_seed", "stage", "parameters", "flops"])


def steps_of(*arms, steps=7):
    rows = [(arm, seed, 1, steps + seed) for arm in arms for seed in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "run_seed", "stage", "steps"])
    return table.assign(trained_with="reward")


def test_means_are_over_seeds_and_prompts_and_so_are_sizes():
    scores = scores_of("sft", [[1, 2], [3, 6]])
    table = means_of(scores, sizes_of("sft"))
    assert len(table) == len(DIMENSIONS)
    row = table.iloc[0]
    assert (row["mean"], row["seeds"], row["prompts"]) == (3.0, 2, 2)
    assert (row["parameters"], row["flops"]) == (11.0, 100.0)


@pytest.mark.parametrize(("column", "kept"), [("arm", "sft"), ("run_seed", 1)])
def test_a_run_with_scores_and_without_sizes_is_named_with_the_remedy(column, kept):
    sizes = sizes_of("redpo", "sft")
    scores = pd.concat([scores_of("sft", [[1, 2], [3, 6]]), scores_of("redpo", [[1, 2], [3, 6]])])
    arm = "redpo" if column == "arm" else "sft"
    message = f"arm {arm}, stage 1, seed 0 has scores but no sizes .* run the comparison or sweep again"
    with pytest.raises(UserError, match=message):
        means_of(scores, sizes[sizes[column] == kept])


def test_every_stage_is_measured_from_the_teacher_of_its_seed_and_evaluator():
    """Half a point below in stage 1; in stage 2 once a point below and once where it was."""
    teacher = scores_of("full", [[3, 3], [4, 4]], stage=0)
    stages = scores_of("sft", [[2.5, 2.5], [3.5, 3.5]]), scores_of("sft", [[2, 2], [4, 4]], stage=2)
    unseen = scores_of("sft", [[1, 1], [1, 1]], evaluator="other")
    scores = pd.concat([teacher, *stages, unseen])
    sizes = pd.concat([sizes_of("sft", "full").assign(stage=stage) for stage in (0, 1, 2)])
    table = arms_of(scores, sizes, steps_of("sft"), SURE)
    found = table[table["dimension"] == "average"].set_index(["arm", "stage", "evaluator"])
    columns = ["to_teacher", "to_teacher_low", "to_teacher_high"]
    assert list(found.loc[("sft", 1, "reward"), columns]) == [-0.5, -0.5, -0.5]
    widest = 0.5 * stretch(2, 0.95)
    assert list(found.loc[("sft", 2, "reward"), columns]) == pytest.approx(
        [-0.5, -0.5 - widest, -0.5 + widest]
    )
    assert found.loc[("full", 0, "reward"), columns].isna().all()
    assert found.loc[("sft", 1, "other"), columns].isna().all()


def test_differences_by_hand():
    """Of four clips the candidate wins two, loses one and draws one; it leads by 1/4 on average."""
    scores = pd.concat([scores_of("redpo", [[2, 2], [3, 1]]), scores_of("dpo", [[1, 2], [2, 2]])])
    table = differences_of(scores, "redpo", SURE)
    assert list(table["dimension"]) == list(DIMENSIONS)
    assert (table["difference"] == 0.25).all()
    assert (table["win_rate"] == 0.625).all()
    assert (table["comparisons"] == len(DIMENSIONS)).all()
    assert (table["low"] <= 0.25).all()
    assert (table["high"] >= 0.25).all()


def test_only_the_last_stage_of_each_arm_counts():
    early, late, once = ([[value] * 2] for value in (0, 3, 1))
    scores = pd.concat([scores_of("redpo", early), scores_of("redpo", late, 2), scores_of("offline", once)])
    table = differences_of(scores, "redpo", SURE)
    assert (table["difference"] == 2.0).all()


def test_swapping_the_arms_negates_everything():
    rng = np.random.default_rng(0)
    scores = pd.concat([scores_of(arm, rng.normal(size=(3, 8))) for arm in ("redpo", "sft")])
    ours = differences_of(scores, "redpo", SURE)
    theirs = differences_of(scores, "sft", SURE)
    np.testing.assert_allclose(ours["difference"], -theirs["difference"])
    np.testing.assert_allclose(ours["low"], -theirs["high"])
    np.testing.assert_allclose(ours["win_rate"], 1 - theirs["win_rate"])


def test_equal_arms_differ_by_nothing():
    scores = pd.concat([scores_of(arm, [[1, 2, 3]] * 2) for arm in ("redpo", "sft")])
    table = differences_of(scores, "redpo", SURE)
    assert (table[["difference", "low", "high"]] == 0).all(axis=None)
    assert (table[["win_rate", "win_rate_low", "win_rate_high"]] == 0.5).all(axis=None)


def test_what_seeds_have_in_common_cancels_out_of_the_pairs():
    luck = np.array([[5.0], [-3.0]])
    scores = pd.concat(
        [scores_of("redpo", luck + np.array([[1, 1]])), scores_of("sft", luck + np.array([[0, 0]]))]
    )
    table = differences_of(scores, "redpo", SURE)
    np.testing.assert_allclose(table[["difference", "low", "high"]], 1.0)


def test_without_candidate_or_rival_there_is_nothing_to_compare():
    scores = scores_of("sft", [[1, 2]])
    assert len(differences_of(scores, "redpo", SURE)) == 0
    assert len(differences_of(scores, "sft", SURE)) == 0


@pytest.mark.parametrize(
    "change", [lambda table: table.iloc[1:], lambda table: table.assign(seed=table["seed"] + 1)]
)
def test_clips_without_a_partner_are_refused(change):
    ours, theirs = scores_of("redpo", [[1, 2]]), scores_of("sft", [[1, 2]])
    with pytest.raises(UserError, match="without a partner of the same seed, prompt and noise"):
        paired_gains(ours, change(theirs))
