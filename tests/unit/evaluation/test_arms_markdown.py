"""The comparison as Markdown says what the tables say."""

import pandas as pd
from tests.unit.evaluation.test_arms import scores_of, sizes_of, steps_of

from vip.evaluation.arms import arms_of, differences_of
from vip.evaluation.arms_gains import gains_of
from vip.evaluation.arms_markdown import as_markdown
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.wording import MINUS

SURE = Bootstrap(500, 0.95, seed=0)
SCORES = pd.concat(
    [
        *(
            scores_of("full", [[4, 4], [4, 4]], stage=0, evaluator=judge)
            for judge in ("reward", "classifier")
        ),
        scores_of("redpo", [[3, 3], [3.5, 3.5]]),
        scores_of("redpo", [[2, 2], [2, 3]], evaluator="classifier"),
        scores_of("plain_sft", [[1, 1], [2.5, 2.5]]),
        scores_of("plain_sft", [[2, 2], [2, 3]], evaluator="classifier"),
    ]
)
SIZES = pd.concat([sizes_of("redpo", "plain_sft"), sizes_of("full").assign(stage=0)])


def told(scores=SCORES, sizes=SIZES, candidate="redpo", trained_with=None):
    arms = arms_of(scores, sizes, steps_of("redpo"), SURE)
    gains = gains_of(scores, "pruned", "plain_sft", trained_with or {}, SURE)
    return as_markdown(scores, arms, differences_of(scores, candidate, SURE), gains, SURE)


def rows_of(text, title):
    """The table below a title: a list of cells a row, without the header."""
    section = text.split(f"### {title}\n\n")[1].split("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in section.splitlines()[2:]]


def test_means_stand_with_sizes_steps_and_the_way_to_the_teacher():
    full, redpo, sft = rows_of(told(), "Means by reward")
    assert (full[:3], full[-1]) == (["full", "-", "4.000"], "0")
    assert redpo == ["redpo", "1", *["3.250"] * 5, "11", "100", "8"]
    assert (sft[0], sft[2], sft[-1]) == ("plain sft", "1.750", "0")
    redpo, _ = rows_of(told(), "Minus the teacher")
    assert redpo[2].startswith(f"{MINUS}0.750 [")
    assert redpo[3].startswith(f"{MINUS}1.750 [")


def test_differences_stand_judge_by_judge_and_seed_by_seed():
    against_full, against_sft = rows_of(told(), "redpo minus each other arm, last stages")
    assert against_full[0] == "full"
    assert against_sft[1].startswith("+1.500 [")
    assert against_sft[2] == "0.000 [0.000, 0.000]"
    assert against_sft[3:] == ["100%", "+2.000, +1.000"]


def test_what_misses_zero_is_bold_and_the_number_of_intervals_is_said():
    scores = pd.concat([scores_of("redpo", [[3, 3], [3, 3]]), scores_of("sft", [[1, 1], [1, 1]])])
    text = told(scores, sizes_of("redpo", "sft"))
    assert "| sft | **+2.000 [+2.000, +2.000]** | 100% | +2.000, +2.000 |" in text
    assert "There are 5 of them here; by chance alone about 0.3 of so many" in text
    assert text.count("[") == 5
    assert "Seeds 0, 1; 2 prompts; judged by reward (reward 1)." in text


def test_earlier_stages_are_compared_as_well_with_arms_that_go_on():
    second = [scores_of(arm, [[1, 1], [1, 1]], stage=2) for arm in ("redpo", "plain_sft")]
    offline = scores_of("offline", [[2, 2], [2, 2]])
    scores = pd.concat([SCORES[SCORES["evaluator"] == "reward"], *second, offline])
    sizes = pd.concat([SIZES, sizes_of("redpo", "plain_sft").assign(stage=2), sizes_of("offline")])
    text = told(scores, sizes)
    assert [row[:2] for row in rows_of(text, "After earlier stages")] == [["1", "plain sft"]]
    assert rows_of(text, "After earlier stages")[0][2].startswith("+1.500 [")
    assert rows_of(text, "redpo minus each other arm, last stages")[1][1] == "0.000 [0.000, 0.000]"


def test_what_its_own_reward_alone_sees_stands_in_a_table_of_its_own():
    """redpo leads by 1.5 by its own reward and by nothing by the classifier."""
    pruned = [
        scores_of("pruned", [[0, 0], [1.5, 1.5]]),
        scores_of("pruned", [[1, 1], [1, 2]], evaluator="classifier"),
    ]
    scores, sizes = pd.concat([SCORES, *pruned]), pd.concat([SIZES, sizes_of("pruned")])
    text = told(scores, sizes, trained_with={"redpo": "reward", "plain_sft": "reward"})
    (row,) = rows_of(text, "More of the lead over plain sft by its own reward than by another")
    assert row[:2] == ["redpo", "reward"]
    assert row[-1].startswith("+1.500 [")
    assert "More of the lead" not in told()


def test_without_a_candidate_means_stand_alone():
    text = told(candidate="absent")
    assert "### Means by reward" in text
    assert "minus" not in text
