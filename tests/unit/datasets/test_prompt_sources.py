"""Prompts by the million: read row by row, in bounded memory, what is dropped told by its reason."""

import csv
import json
import tracemalloc

import pandas as pd
import pytest
from kedro.io import DataCatalog, DatasetError
from tests.tiny.settings import prompt_filtering

from vip.datasets import PromptSourceDataset
from vip.errors import UserError
from vip.pipelines.prompt_filtering import nodes
from vip.types import RawPrompt

CAPTIONS = ['Aerial view of "the" coast, 4k', "None", "café", "line\nbreak", ""]


def rows(path, **options):
    return list(PromptSourceDataset(str(path), **options).load().rows())


def webvid(path, captions):
    """A CSV with the columns of WebVid-10M."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["videoid", "contentUrl", "duration", "page_dir", "name"])
        for number, caption in enumerate(captions):
            writer.writerow([number, f"https://host/{number}.mp4", "PT00H00M10S", "000001_000050", caption])
    return path


def test_webvid_is_read_by_its_column(tmp_path):
    path = webvid(tmp_path / "results_10M_train.csv", CAPTIONS)
    assert [row.text for row in rows(path, column="name")] == CAPTIONS


def test_json_lines_are_objects_or_texts(tmp_path):
    path = tmp_path / "prompts.jsonl"
    lines = [json.dumps({"prompt": text}) for text in CAPTIONS] + ['"plain"', "", "{torn", "[1]", '{"p": 1}']
    path.write_text("\n".join(lines), encoding="utf-8")
    read = rows(path)
    assert [row.text for row in read[:6]] == [*CAPTIONS, "plain"]
    assert [row.reason for row in read[6:]] == ["unreadable", "unreadable", "no text"]


def test_plain_text_holds_a_prompt_a_line(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_bytes("\ufeffred circle\r\n\ncafé".encode())
    assert [row.text.strip() for row in rows(path)] == ["red circle", "", "café"]


def test_parquet_is_read_by_its_column(tmp_path):
    path = tmp_path / "prompts.parquet"
    pd.DataFrame({"n": range(5), "name": CAPTIONS}).to_parquet(path)
    assert [row.text for row in rows(path, column="name")] == CAPTIONS


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    for name in ("b", "a"):
        webvid(tmp_path / f"{name}.csv", [name])
    (tmp_path / "readme.md").write_text("not prompts")
    assert [row.text for row in rows(tmp_path, column="name")] == ["a", "b"]


def test_rows_are_dropped_by_numbers_in_other_columns(tmp_path):
    path = tmp_path / "VidProM_unique.csv"
    path.write_text('uuid,prompt,toxicity\n1,mild,0.2\n2,rude,"0.21"\n3,unknown,\n4,odd,nan\n')
    assert rows(path, at_most={"toxicity": 0.2}) == [
        RawPrompt("mild"),
        RawPrompt("rude", "toxicity above 0.2"),
        RawPrompt("unknown", "toxicity unknown"),
        RawPrompt("odd", "toxicity unknown"),
    ]


def test_what_cannot_be_read_is_dropped_by_its_row(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_bytes(b"n,prompt\n1,good\n2,caf\xe9\n3\n4,too,many\n5,also good\n")
    assert rows(path) == [
        RawPrompt("good"),
        RawPrompt("", "not UTF-8"),
        RawPrompt("", "no text"),
        RawPrompt("", "unreadable"),
        RawPrompt("also good"),
    ]


def test_a_nameless_column_is_just_a_column(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text(",prompt\n0,red circle\n")
    assert rows(path) == [RawPrompt("red circle")]


def test_an_open_quote_ends_in_an_error_not_in_a_huge_row(tmp_path):
    path = tmp_path / "prompts.csv"
    path.write_text('prompt\n"open\n' + "red circle\n" * 20_000)
    with pytest.raises(UserError, match=r"is not a CSV table: line \d+ .*look for an open quote"):
        rows(path)


@pytest.mark.parametrize("name", ["prompts.csv", "prompts.parquet"])
def test_a_missing_column_is_told_before_anything_is_read(tmp_path, name):
    table = pd.DataFrame({"caption": ["x"], "clip": [1]})
    (table.to_csv if name.endswith("csv") else table.to_parquet)(tmp_path / name, index=False)
    with pytest.raises(UserError, match="has no column 'prompt', it has caption, clip"):
        PromptSourceDataset(str(tmp_path / name)).load()
    with pytest.raises(UserError, match="has no column 'toxicity'"):
        PromptSourceDataset(str(tmp_path / name), column="caption", at_most={"toxicity": 0.2}).load()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "gone.csv does not exist"),
        ("prompts.xlsx", b"x", "is no file of prompts; they end in .csv, .jsonl, .parquet, .txt"),
        ("torn.parquet", b"PAR1", "is not a Parquet table"),
    ],
)
def test_other_files_are_refused(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        PromptSourceDataset(str(tmp_path / name)).load()


def test_a_limit_is_a_number(tmp_path):
    with pytest.raises(UserError, match="at_most.toxicity is 'low'; give a number"):
        PromptSourceDataset(str(tmp_path / "p.csv"), at_most={"toxicity": "low"})


def test_a_source_is_not_written_over(tmp_path):
    with pytest.raises(DatasetError, match="is a source of prompts"):
        PromptSourceDataset(str(tmp_path / "p.csv")).save("anything")


def test_the_catalog_makes_it_and_shows_its_head(tmp_path):
    path = webvid(tmp_path / "webvid.csv", [f"caption {number}" for number in range(30)])
    entry = {"type": "vip.datasets.PromptSourceDataset", "filepath": str(path), "column": "name"}
    catalog = DataCatalog.from_config({"raw_prompts": entry})
    assert catalog.exists("raw_prompts")
    shown = catalog.get("raw_prompts").preview(3)
    assert shown["data"] == [[f"caption {number}", ""] for number in range(3)]


def test_ten_times_the_rows_need_no_more_memory(tmp_path):
    """The peak while cleaning, as tracemalloc sees it, does not grow with the source."""
    settings = prompt_filtering(maximum_prompts=100)

    def peak(count):
        captions = (f"red circle number {number % (count // 2)} moves left" for number in range(count))
        path = webvid(tmp_path / f"{count}.csv", captions)
        stream = PromptSourceDataset(str(path), column="name").load()
        tracemalloc.start()
        prompts, counts = nodes.clean_prompts(stream, settings)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(prompts) == 100
        assert counts["count"].sum() == count
        return most

    peak(400)  # what is imported or cached once
    small, large = peak(2_000), peak(20_000)
    assert large < small + 50_000, f"{small} bytes for 2,000 rows, {large} for 20,000"
    assert large < 2_000_000
