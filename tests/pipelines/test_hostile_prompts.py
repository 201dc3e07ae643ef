"""Prompts nobody would write on purpose: each is kept whole, or dropped for a reason, and none does harm."""

import csv
import io
import unicodedata

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny.settings import prompt_filtering

from vip.datasets import PromptSourceDataset, TableDataset
from vip.errors import UserError
from vip.pipelines.prompt_filtering import nodes
from vip.pipelines.prompt_filtering.cleaning import ARTICLES, Verdict, clean, first_fit, without_articles
from vip.types import RawPrompt

SETTINGS = prompt_filtering(minimum_words=1)

KEPT = {
    "../../x": "../../x",
    "CON": "CON",
    "${x}": "${x}",
    "=cmd()": "=cmd()",
    "None": "None",
    "NA": "NA",
    "null": "null",
    "-1e5": "-1e5",
    "x" * 10_240: "x" * 10_240,
    "\U0001f680 to \U0001f319": "\U0001f680 to \U0001f319",
    "\u0645\u0631\u062d\u0628\u0627": "\u0645\u0631\u062d\u0628\u0627",
    "\u202egnp.exe": "gnp.exe",
    "red\x00circle": "red circle",
    "red\ncircle\r\nrests": "red circle rests",
    "\x1b[31mred": "[31mred",
    'say "hello", twice': 'say "hello", twice',
    "&lt;script&gt;alert(1)&lt;/script&gt;": "<script>alert(1)</script>",
}
"""What is in the file, and what is kept of it."""
DROPPED = ["", " ", "\ufeff", "\x00", "the", "\n\n", "con", "RED CIRCLE", "red circle"]
"""Empty in one way or another, or a twin of what is kept."""

texts = st.lists(st.text(max_size=40), max_size=12)


def csv_of(rows: list[str], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([("number", "prompt"), *enumerate(rows)])
    return stream.getvalue().encode(encoding)


@pytest.mark.parametrize("dataset", [TableDataset, PromptSourceDataset])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_hostile_prompts_come_through_whole_or_are_counted(tmp_path, dataset, encoding):
    path = tmp_path / "prompts.csv"
    path.write_bytes(csv_of([*KEPT, *DROPPED], encoding))
    prompts, counts = nodes.clean_prompts(dataset(str(path)).load(), SETTINGS)
    assert prompts["prompt"].tolist() == list(KEPT.values())
    assert prompts["prompt_id"].is_unique
    assert prompts["prompt_id"].str.fullmatch("[0-9a-f]{12}").all(), "no prompt becomes a name"
    assert counts["count"].sum() == len(KEPT) + len(DROPPED)
    stored = TableDataset(str(tmp_path / "clean.csv"))
    stored.save(prompts)
    pd.testing.assert_frame_equal(stored.load(), prompts)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "clean.csv", "clean.csv.sha256", "prompts.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("dataset", [TableDataset, PromptSourceDataset])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            csv_of(["red circle"], delimiter=";"),
            "it has number;prompt, which is one column; separate columns by",
        ),
        (csv_of(["red circle"], delimiter="\t"), "which is one column; separate columns by commas"),
        (csv_of(["red circle"]).replace(b"prompt", b"caption"), "no column 'prompt', it has number, caption"),
        (csv_of(["caf\u00e9"], "latin-1"), "not UTF-8"),
        (csv_of(["red circle"], "utf-16"), "not UTF-8|no column 'prompt'"),
        (csv_of(["red circle"], "utf-16-le"), "no column 'prompt'"),
        (b"number,prompt\n", "none of 0 prompts"),
    ],
    ids=["semicolons", "tabs", "no column", "latin-1", "UTF-16", "UTF-16 without a mark", "no rows"],
)
def test_a_file_in_another_format_is_named(tmp_path, dataset, content, message):
    path = tmp_path / "prompts.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        nodes.clean_prompts(dataset(str(path)).load(), SETTINGS)
    assert path.read_bytes() == content


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_what_is_kept_of_a_text_is_one_line_without_articles(text):
    kept = without_articles(text)
    assert kept == " ".join(kept.split())
    assert not any(unicodedata.category(character) in {"Cc", "Cf"} for character in kept)
    assert not ARTICLES & {word.lower() for word in kept.split()}


@settings(derandomize=True, max_examples=50, deadline=None)
@given(texts, st.integers(1, 3), st.integers(0, 3), st.none() | st.integers(1, 4), st.integers(0, 3))
def test_every_row_meets_one_fate_and_what_is_kept_fits(rows, least, more, most, seed):
    raw = [RawPrompt(text) for text in rows]
    cleaned = clean(raw, least, least + more, most, seed)
    assert cleaned.counts.total() == len(rows)
    assert set(cleaned.counts) <= {*Verdict.REASONS, "not drawn"}
    assert all(least <= len(prompt.split()) <= least + more for prompt in cleaned.prompts)
    assert len({prompt.lower() for prompt in cleaned.prompts}) == len(cleaned.prompts)
    assert len(cleaned.prompts) <= (most or len(rows))
    whole = clean(raw, least, least + more).prompts
    assert [prompt for prompt in whole if prompt in cleaned.prompts] == cleaned.prompts, "in their order"
    assert first_fit(raw, least, least + more, 2).prompts == whole[:2]


@settings(derandomize=True, max_examples=30, deadline=None)
@given(texts, st.integers(0, 5))
def test_the_draw_depends_on_the_prompts_alone(rows, seed):
    different = {text.lower(): text for text in map(without_articles, rows)}.values()
    raw = [RawPrompt(text) for text in different]
    drawn = clean(raw, 1, 50, 3, seed).prompts
    assert set(clean(raw[::-1], 1, 50, 3, seed).prompts) == set(drawn)


@settings(derandomize=True, max_examples=30, deadline=None)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "prompts.csv"
    path.write_bytes(content)
    for dataset in (TableDataset, PromptSourceDataset):
        try:
            prompts, _ = nodes.clean_prompts(dataset(str(path)).load(), SETTINGS)
        except UserError as error:
            told = str(error)
        else:
            told = "" if len(prompts) else "nothing"
        assert not told or str(path) in told or "raw_prompts" in told
    assert path.read_bytes() == content
