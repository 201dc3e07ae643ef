"""Prompt filtering: raw captions in; judged prompts, each once, shared out among the parts of a stage."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError
from tests.tiny.settings import prompt_filtering

from vip.errors import UserError
from vip.judges.lexicon import Lexicon
from vip.pipelines.prompt_filtering import nodes
from vip.pipelines.prompt_filtering.cleaning import clean, first_fit, verdicts, without_articles
from vip.pipelines.prompt_filtering.pipeline import create_pipeline
from vip.types import PROPERTIES, Items, LazyMap, PromptStream, RawPrompt

SETTINGS = prompt_filtering(scoring_prompts=4, stage_prompts=6)
RAW = pd.DataFrame(
    {
        "prompt": [
            "A red circle moves left on the black background",
            "a RED circle moves  left on a black background",
            "the a an",
            "None",
            "a red circle moves",
            "word " * 26,
            "one two three four five",
            "the one a two an three the four five",
            "",
        ]
    }
)


def made(lazy: LazyMap) -> Items:
    """What the dataset would give back."""
    items = dict(zip(lazy.table["key"], lazy.make_batch(list(lazy.table["key"])), strict=True))
    return Items(lazy.table, items.__getitem__)


def labelled(rows: dict[str, tuple[float, float, float, float]]) -> pd.DataFrame:
    """Prompts as `label_prompts` gives them."""
    table = pd.DataFrame(list(rows.values()), columns=list(PROPERTIES))
    table.insert(0, "prompt_id", [f"id {prompt}" for prompt in rows])
    table.insert(1, "prompt", list(rows))
    return table


# --- cleaning ---


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  A red\u00a0circle \n on THE wall ", "red circle on wall"),
        ("An ant and the anthem", "ant and anthem"),
        ("fish &amp; chips", "fish & chips"),
        ("caf\u0065\u0301 \u200b\u202e\u05e2", "caf\u00e9 \u05e2"),
        ("None", "None"),
        ("\t \u3000", ""),
    ],
)
def test_text_is_put_in_one_line_without_articles(text, expected):
    assert without_articles(text) == expected


def test_the_limits_of_five_and_twenty_five_words_are_inclusive_and_articles_do_not_count():
    texts = [" ".join(["the word"] * count) for count in (4, 5, 25, 26)]
    reasons = [verdict.reason for verdict in verdicts(map(RawPrompt, texts), 5, 25)]
    assert reasons == ["too short", "kept", "kept", "too long"]


def test_raw_prompts_are_cleaned_and_every_one_is_accounted_for():
    table, counts = nodes.clean_prompts(RAW, SETTINGS)
    assert table["prompt"].tolist() == [
        "red circle moves left on black background",
        "one two three four five",
    ]
    assert table["prompt_id"].str.fullmatch("[0-9a-f]{12}").all()
    assert dict(zip(counts["reason"], counts["count"], strict=True)) == {
        "kept": 2,
        "empty": 2,
        "too short": 2,
        "too long": 1,
        "duplicate": 2,
    }
    assert counts["count"].sum() == len(RAW)


def test_a_prompts_identity_is_its_text_not_its_place():
    there, _ = nodes.clean_prompts(RAW, SETTINGS)
    elsewhere, _ = nodes.clean_prompts(RAW.iloc[::-1].reset_index(drop=True), SETTINGS)
    five = "one two three four five"
    assert set(there.loc[there["prompt"] == five, "prompt_id"]) == set(
        elsewhere.loc[elsewhere["prompt"] == five, "prompt_id"]
    )


def test_a_missing_column_is_told_with_those_that_are_there():
    with pytest.raises(UserError, match="raw_prompts has no column 'prompt', it has caption, clip"):
        nodes.clean_prompts(pd.DataFrame({"caption": ["x"], "clip": [1]}), SETTINGS)


@pytest.mark.parametrize("value", [float("nan"), None, 3])
def test_a_row_that_is_no_text_is_told_by_its_number(value):
    table = pd.DataFrame({"prompt": ["one two three four five", value]}, dtype=object)
    with pytest.raises(UserError, match=r"row 2 of 2 holds (nan|None|3), not text"):
        nodes.clean_prompts(table, SETTINGS)


def test_nothing_left_is_an_error_with_the_remedy():
    with pytest.raises(UserError, match="none of 1 prompts has 5 to 25 words"):
        nodes.clean_prompts(pd.DataFrame({"prompt": ["too short"]}), SETTINGS)


# --- of many, some are drawn ---

MANY = [f"red circle number {number} moves left" for number in range(50)]


def drawn(rows, most=8, seed=0):
    return clean(map(RawPrompt, rows), 5, 25, most, seed)


def test_of_many_prompts_so_many_are_drawn_and_all_rows_are_accounted_for():
    cleaned = drawn([*MANY, "too short", *MANY])
    assert len(cleaned.prompts) == cleaned.counts["kept"] == 8
    assert cleaned.counts["too short"] == 1
    assert cleaned.counts.total() == 101
    assert cleaned.counts["duplicate"] >= 8


def test_the_draw_depends_on_the_seed_and_not_on_the_order_of_the_source():
    assert set(drawn(MANY).prompts) == set(drawn(MANY[::-1]).prompts)
    assert drawn(MANY).prompts == sorted(drawn(MANY).prompts, key=MANY.index)
    assert set(drawn(MANY, seed=1).prompts) != set(drawn(MANY).prompts)


def test_a_larger_draw_holds_the_smaller_one():
    assert set(drawn(MANY, most=5).prompts) < set(drawn(MANY, most=9).prompts)


def test_a_draw_of_more_than_there_are_is_no_draw():
    assert drawn(MANY, most=50) == drawn(MANY, most=None)
    assert drawn(MANY, most=None).prompts == MANY


def test_a_stream_and_a_table_of_the_same_rows_are_cleaned_alike():
    stream = PromptStream(lambda: map(RawPrompt, RAW["prompt"]))
    for there, here in zip(
        nodes.clean_prompts(stream, SETTINGS), nodes.clean_prompts(RAW, SETTINGS), strict=True
    ):
        pd.testing.assert_frame_equal(there, here)


def test_what_a_source_drops_itself_is_counted_under_its_own_reason():
    rows = [RawPrompt(MANY[0]), RawPrompt(MANY[1], "toxicity above 0.2"), RawPrompt("", "unreadable")]
    _, counts = nodes.clean_prompts(PromptStream(lambda: iter(rows)), SETTINGS)
    told = dict(zip(counts["reason"], counts["count"], strict=True))
    assert told["kept"] == told["toxicity above 0.2"] == told["unreadable"] == 1
    assert counts["count"].sum() == 3
    with pytest.raises(UserError, match=r"none of 1 prompts .* \(1 unreadable\)"):
        nodes.clean_prompts(PromptStream(lambda: iter(rows[2:])), SETTINGS)


def test_no_more_of_an_evaluation_source_is_read_than_is_needed():
    def rows():
        yield from map(RawPrompt, ["too short", *MANY[:2], MANY[0], MANY[2]])
        raise AssertionError("read too far")

    cleaned = first_fit(rows(), 5, 25, 3)
    assert cleaned.prompts == MANY[:3]
    assert dict(cleaned.counts) == {"too short": 1, "kept": 3, "duplicate": 1}


# --- judging ---


def test_judgements_are_keyed_by_prompt_and_judge():
    table, _ = nodes.clean_prompts(RAW, SETTINGS)
    lazy = nodes.judge_prompts(table, SETTINGS)
    assert list(lazy.table["prompt"]) == list(table["prompt"])
    assert lazy.table["key"].is_unique
    other = prompt_filtering(judge={"name": "lexicon", "options": {"needed": dict.fromkeys(PROPERTIES, 1)}})
    assert not set(nodes.judge_prompts(table, other).table["key"]) & set(lazy.table["key"])


def test_a_batch_of_any_keys_holds_their_judgements_in_order():
    table, _ = nodes.clean_prompts(RAW, SETTINGS)
    lazy = nodes.judge_prompts(table, SETTINGS)
    keys = list(lazy.table["key"])[::-1]
    expected = Lexicon().judge(list(table["prompt"])[::-1])
    rows = lazy.make_batch(keys)
    assert [list(row) for row in rows] == [list(PROPERTIES)] * 2
    np.testing.assert_array_equal([list(row.values()) for row in rows], expected)


def test_labels_stand_beside_their_prompts():
    table, _ = nodes.clean_prompts(RAW, SETTINGS)
    prompts = nodes.label_prompts(made(nodes.judge_prompts(table, SETTINGS)))
    assert list(prompts) == ["prompt_id", "prompt", *PROPERTIES]
    np.testing.assert_array_equal(prompts[list(PROPERTIES)], Lexicon().judge(list(table["prompt"])))


def test_prompts_that_describe_each_property_are_counted():
    counts = nodes.count_described(MIXED, SETTINGS)
    assert list(counts["property"]) == list(PROPERTIES)
    assert list(counts["described"]) == [5, 2, 9, 0]
    assert list(counts["not_described"]) == [20, 23, 16, 25]


def test_an_unknown_judge_is_refused():
    table, _ = nodes.clean_prompts(RAW, SETTINGS)
    with pytest.raises(UserError, match="did you mean lexicon"):
        nodes.judge_prompts(table, prompt_filtering(judge={"name": "lexicons"}))


# --- sharing out ---

MIXED = labelled(
    {f"motion {number}": (0.0, 0.0, 0.9, 0.0) for number in range(9)}
    | {f"looks {number}": (0.9, 0.0, 0.0, 0.0) for number in range(5)}
    | {f"steady {number}": (0.0, 0.5, 0.0, 0.0) for number in range(2)}
    | {f"vague {number}": (0.4, 0.4, 0.4, 0.4) for number in range(9)}
)


def kinds(table: pd.DataFrame) -> dict[str, int]:
    return dict(table["prompt"].str.split().str[0].value_counts())


def test_scoring_prompts_are_spread_over_the_properties():
    three = prompt_filtering(scoring_prompts=3)
    assert kinds(nodes.choose_scoring_prompts(MIXED, three)) == {"motion": 1, "looks": 1, "steady": 1}
    six = prompt_filtering(scoring_prompts=6)
    assert kinds(nodes.choose_scoring_prompts(MIXED, six)) == {"motion": 2, "looks": 2, "steady": 2}


def test_the_same_settings_choose_the_same_and_another_seed_others():
    choose = partial(nodes.choose_scoring_prompts, settings=SETTINGS)
    pd.testing.assert_frame_equal(choose(MIXED), choose(MIXED))
    assert set(choose(MIXED)["prompt"]) == set(choose(MIXED.iloc[::-1].reset_index(drop=True))["prompt"])
    reseeded = [
        nodes.choose_scoring_prompts(MIXED, prompt_filtering(scoring_prompts=4, seed=seed))
        for seed in range(4)
    ]
    assert len({tuple(table["prompt"]) for table in reseeded}) > 1


def test_stage_prompts_describe_a_target_are_balanced_and_keep_off_the_scoring_prompts():
    scoring = nodes.choose_scoring_prompts(MIXED, SETTINGS)
    stage = nodes.select_stage_prompts(MIXED, scoring, ["dynamic_degree", "visual_quality"], SETTINGS)
    assert kinds(stage) == {"motion": 3, "looks": 3}
    assert not set(stage["prompt_id"]) & set(scoring["prompt_id"])
    assert stage["prompt_id"].is_unique
    assert list(stage) == list(MIXED)


def test_a_stage_with_few_fit_prompts_takes_them_all():
    scoring = nodes.choose_scoring_prompts(MIXED, SETTINGS)
    stage = nodes.select_stage_prompts(MIXED, scoring, ["temporal_consistency"], SETTINGS)
    assert kinds(stage) == {"steady": 1}


def test_a_prompt_that_describes_two_targets_is_taken_once():
    both = labelled({f"both {number}": (0.9, 0.0, 0.9, 0.0) for number in range(3)})
    stage = nodes.select_stage_prompts(both, both.iloc[:0], ["visual_quality", "dynamic_degree"], SETTINGS)
    assert sorted(stage["prompt"]) == ["both 0", "both 1", "both 2"]


def test_stages_with_different_targets_share_the_prompts_that_serve_both():
    both = labelled({f"both {number}": (0.9, 0.0, 0.9, 0.0) for number in range(30)})
    one, other = (
        nodes.select_stage_prompts(both, both.iloc[:0], [name], SETTINGS)
        for name in ("visual_quality", "dynamic_degree")
    )
    pd.testing.assert_frame_equal(one, other)


def test_no_prompt_for_a_target_is_an_error_with_the_remedy():
    with pytest.raises(
        UserError, match=r"none of 25 prompts describes text_alignment .* at least 0.5; lower"
    ):
        nodes.select_stage_prompts(MIXED, MIXED.iloc[:0], ["text_alignment"], SETTINGS)


# --- evaluation prompts ---


def test_evaluation_prompts_are_cleaned_and_judged_as_the_others():
    clean_prompts = nodes.clean_evaluation_prompts(RAW, MIXED, SETTINGS)
    prompts = nodes.label_prompts(made(nodes.judge_prompts(clean_prompts, SETTINGS)))
    assert prompts["prompt"].tolist() == [
        "red circle moves left on black background",
        "one two three four five",
    ]
    assert list(prompts) == ["prompt_id", "prompt", *PROPERTIES]
    np.testing.assert_array_equal(prompts[list(PROPERTIES)], Lexicon().judge(list(prompts["prompt"])))


def test_the_first_evaluation_prompts_are_used():
    prompts = nodes.clean_evaluation_prompts(RAW, MIXED, prompt_filtering(evaluation_prompts=1))
    assert prompts["prompt"].tolist() == ["red circle moves left on black background"]


def test_an_evaluation_prompt_that_is_trained_on_is_refused_whatever_its_case():
    seen = labelled({"ONE two three four five": (0.0, 0.0, 0.0, 0.0)})
    with pytest.raises(UserError, match="1 of 2 evaluation prompts are also in raw_prompts.*'one two three"):
        nodes.clean_evaluation_prompts(RAW, seen, SETTINGS)


def test_a_file_without_fit_evaluation_prompts_is_refused():
    with pytest.raises(UserError, match="raw_evaluation_prompts: none of 1 prompts is fit"):
        nodes.clean_evaluation_prompts(pd.DataFrame({"prompt": ["x"]}), MIXED, SETTINGS)


# --- parameters and the pipeline ---


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"minimum_words": 0}, "minimum_words"),
        ({"minimum_words": 9, "maximum_words": 5}, "minimum_words is 9 and maximum_words 5"),
        ({"threshold": 1.5}, "threshold"),
        ({"scoring_prompts": 0}, "scoring_prompts"),
        ({"treshold": 0.5}, "treshold"),
        ({"judge": {"name": "lexicon", "option": {}}}, r"judge\.option"),
    ],
)
def test_impossible_parameters_are_refused_by_name(wrong, message):
    with pytest.raises(ValidationError, match=message):
        prompt_filtering(**wrong)


def test_the_whole_pipeline_runs():
    raw = pd.DataFrame({"prompt": [f"red circle number {number} moves left" for number in range(20)]})
    evaluation = pd.DataFrame({"prompt": ["blue square rests in place"]})
    catalog = DataCatalog(
        {
            "raw_prompts": MemoryDataset(raw),
            "raw_evaluation_prompts": MemoryDataset(evaluation),
            "params:prompt_filtering": MemoryDataset(SETTINGS),
            "prompt_judgements": MadeDataset(),
            "evaluation_judgements": MadeDataset(),
        }
    )
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    loaded = {name: dataset.load() for name, dataset in outputs.items()}
    assert set(loaded) == {"filtering_counts", "judging_counts", "scoring_prompts", "evaluation_prompts"}
    assert len(loaded["scoring_prompts"]) == SETTINGS.scoring_prompts
    assert loaded["evaluation_prompts"]["prompt"].tolist() == ["blue square rests in place"]


class MadeDataset(MemoryDataset):
    """Stands for the lazy map's dataset: makes everything when saved."""

    def __init__(self) -> None:
        super().__init__(copy_mode="assign")

    def save(self, data: LazyMap) -> None:
        super().save(made(data))
