"""The pruning record survives, and records that say something else are refused."""

import json
from pathlib import Path

import pytest

from vip.errors import UserError
from vip.pruning.record import (
    check_modules,
    check_parameters,
    read_record,
    record_from_json,
    record_to_json,
    write_record,
)
from vip.types import PrunedStage, PruningRecord

RECORD = PruningRecord(
    "f00d",
    "apache-2.0",
    (PrunedStage(1, ("a", "b"), 100, 60, 1000, 700), PrunedStage(2, ("c",), 60, 50, 700, 650)),
    "owner/model",
)


def test_a_record_survives_the_disk(tmp_path: Path) -> None:
    write_record(RECORD, tmp_path)
    assert read_record(tmp_path) == RECORD


def test_its_json_is_readable_and_always_the_same(tmp_path: Path) -> None:
    write_record(RECORD, tmp_path)
    text = (tmp_path / "pruning_record.json").read_text()
    content = json.loads(text)
    assert content["removed"] == ["a", "b", "c"]
    assert content["stages"][1]["parameters_after"] == 50
    assert text == json.dumps(record_to_json(RECORD), indent=2, sort_keys=True) + "\n"


def test_a_folder_without_a_record_has_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"stages": [{"stage": 1}]}, "removed"),
        ({"stages": "none"}, "stages"),
        ({"teacher": None}, "teacher"),
        ({"removed": ["a"]}, "`removed` is not that of the stages"),
        ({"extra": 1}, "extra"),
    ],
)
def test_records_of_another_form_are_refused(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        record_from_json(record_to_json(RECORD) | change)
    (tmp_path / "pruning_record.json").write_text(json.dumps(record_to_json(RECORD) | change))
    with pytest.raises(UserError, match=rf"pruning_record\.json: .*{complaint}") as raised:
        read_record(tmp_path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_files_that_are_no_record_are_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pruning_record.json").write_bytes(content)
    with pytest.raises(UserError, match="pruning_record.json"):
        read_record(tmp_path)


def test_modules_that_agree_pass() -> None:
    check_modules(Path("student"), ["a", "b", "c"], {"b", "c"}, {"a"})


@pytest.mark.parametrize(
    ("stored", "removed", "complaint"),
    [
        ({"c"}, {"a"}, r"hold 1 prunable modules, pruning_record.json leaves 2 of 3 \(b is missing\)"),
        ({"a", "b", "c"}, {"a"}, r"hold 3 .* leaves 2 of 3 \(a should be gone\)"),
        ({"a", "b", "c"}, {"z"}, r"z is unknown"),
    ],
)
def test_modules_that_disagree_are_counted_and_named(
    stored: set[str], removed: set[str], complaint: str
) -> None:
    with pytest.raises(UserError, match=complaint):
        check_modules(Path("student"), ["a", "b", "c"], stored, removed)


def test_parameters_must_be_those_of_the_last_stage() -> None:
    check_parameters(Path("student"), RECORD, 50)
    check_parameters(Path("teacher"), PruningRecord("", ""), 100)
    with pytest.raises(UserError, match="the weights have 1,060 prunable parameters, .* says 50"):
        check_parameters(Path("student"), RECORD, 1060)
