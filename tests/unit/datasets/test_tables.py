"""Tables are read as they were meant, and what cannot be read is named in one line."""

import math
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vip.datasets import TableDataset
from vip.errors import UserError

WORDS = [
    "None",
    "NA",
    "nan",
    "null",
    "",
    "  a red circle ",
    'she said "go", and left',
    "line\nbreak",
    "a\rb",
    "été",
    "🟢",
    "12",
]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_prompts_stay_the_words_they_are(tmp_path: Path, suffix: str) -> None:
    dataset = TableDataset(filepath=str(tmp_path / f"prompts.{suffix}"))
    dataset.save(pd.DataFrame({"prompt": WORDS}))
    assert dataset.load()["prompt"].tolist() == WORDS


def test_a_prompt_that_is_a_number_stays_text_in_a_csv(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("prompt,seed\n12,12\n007,7\n")
    table = TableDataset(filepath=str(tmp_path / "p.csv")).load()
    assert table["prompt"].tolist() == ["12", "007"]
    assert table["seed"].tolist() == [12, 7]
    assert str(table["seed"].dtype) == "int64"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1", "-2"], [1, -2]),
        (["1", "2.5"], [1.0, 2.5]),
        (["1e-3", "-inf"], [0.001, -math.inf]),
        (["True", "False"], [True, False]),
        (["007", "1"], ["007", "1"]),
        (["1", "one"], ["1", "one"]),
        (["nan", "None"], ["nan", "None"]),
        (["1_000", "2"], ["1_000", "2"]),
        (["12345678901234567890123456789012", "1"], ["12345678901234567890123456789012", "1"]),
    ],
)
def test_csv_columns_become_what_all_their_cells_are(
    tmp_path: Path, cells: list[str], expected: list[object]
) -> None:
    (tmp_path / "t.csv").write_text("\n".join(["value", *cells, ""]))
    column = TableDataset(filepath=str(tmp_path / "t.csv")).load()["value"]
    assert column.tolist() == expected
    assert [type(value) for value in column.tolist()] == [type(value) for value in expected]


def test_an_empty_cell_among_numbers_is_nan(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(pd.DataFrame({"value": [0.1, math.nan], "name": ["a", ""]}))
    table = dataset.load()
    assert table["value"].tolist()[0] == 0.1
    assert math.isnan(table["value"].tolist()[1])
    assert table["name"].tolist() == ["a", ""]


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            st.floats(allow_nan=False),
        ),
        min_size=1,
    )
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_csv_round_trip_changes_no_bit(tmp_path: Path, rows: list[tuple[str, float]]) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(pd.DataFrame(rows, columns=["prompt", "value"]))
    table = dataset.load()
    assert list(zip(table["prompt"], table["value"], strict=True)) == rows


def test_numbers_that_are_all_missing_stay_numbers_and_missing_text_becomes_empty(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t.csv"))
    dataset.save(pd.DataFrame({"tau": [math.nan, math.nan], "reason": ["too short", None]}))
    table = dataset.load()
    assert str(table["tau"].dtype) == "float64"
    assert table["tau"].isna().all()
    assert table["reason"].tolist() == ["too short", ""]


def test_names_of_things_stay_text_even_where_all_are_digits(tmp_path: Path) -> None:
    dataset = TableDataset(filepath=str(tmp_path / "t.csv"))
    table = pd.DataFrame(
        {"prompt_id": ["12", "34"], "winner": ["1e5", "2"], "unit": ["", "7"], "seed": [1, 2]}
    )
    dataset.save(table)
    pd.testing.assert_frame_equal(dataset.load(), table)


def test_equal_tables_give_equal_bytes(tmp_path: Path) -> None:
    for suffix in ("csv", "parquet"):
        for name in "ab":
            table = pd.DataFrame({"prompt": ["x", "y"], "score": [0.1, 0.2]})
            TableDataset(filepath=str(tmp_path / f"{name}.{suffix}")).save(table)
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_spreadsheets_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("prompt\na\n", encoding="utf-8-sig")
    assert list(TableDataset(filepath=str(tmp_path / "t.csv")).load()) == ["prompt"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", None, "t.csv does not exist"),
        ("t.csv", b"", "t.csv is empty"),
        ("t.csv", b" \n\n", "t.csv is empty"),
        ("t.csv", b"prompt\nfine\nd\xe9j\xe0 vu\n", "t.csv is not UTF-8: line 3 holds byte 0xe9"),
        ("t.csv", b"prompt,seed\na,1\nb,2,3\n", "t.csv is not a CSV table"),
        ("t.csv", b"prompt\na,1\nb,2\n", "t.csv has rows longer than its header"),
        ("t.parquet", None, "t.parquet does not exist"),
        ("t.parquet", b"", "t.parquet is empty"),
        ("t.parquet", b"no such thing", "t.parquet is not a Parquet table"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        TableDataset(filepath=str(tmp_path / name)).load()
    assert "\n" not in str(caught.value)


def test_other_formats_are_refused_at_once() -> None:
    with pytest.raises(UserError, match=r"t\.xlsx is no table; name it \*\.parquet or \*\.csv"):
        TableDataset(filepath="t.xlsx")


def test_a_preview_is_plain_json(tmp_path: Path) -> None:
    import json

    dataset = TableDataset(filepath=str(tmp_path / "t.parquet"))
    dataset.save(pd.DataFrame({"prompt": ["x", "y", "z"], "score": [0.5, math.nan, 1.0]}))
    preview = dataset.preview(nrows=2)
    assert json.loads(json.dumps(preview, allow_nan=False))["data"] == [["x", 0.5], ["y", None]]
