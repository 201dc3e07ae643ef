"""The journal: what is written is read, what is torn is passed over, what is damaged is named."""

import pytest

from vip.errors import UserError
from vip.hooks.journal import ENTRIES, AddFiles, End, Journal, Log, Open, journals_in
from vip.hooks.measurements import Measurement

WRITTEN = [
    Open(1, 10, "kedro run", {"stage": "1", "prompt": "${x} =cmd() \n None"}),
    Log(1, 20, [Measurement("training.loss", 0.1, 3), Measurement("student.average", 3.25)]),
    AddFiles(1, ["clips/a.mp4"], "clips"),
    AddFiles(1, ["report.html"]),
    End(1, 30, "FINISHED"),
]


@pytest.fixture
def journal(tmp_path):
    journal = Journal.begin(tmp_path)
    for entry in WRITTEN:
        journal.write(entry)
    return journal


def test_what_is_written_is_read(journal):
    assert journal.entries() == WRITTEN


@pytest.mark.parametrize("count", range(1, len(WRITTEN)))
def test_a_stage_without_an_end_was_killed_when_it_was_last_heard_of(journal, count):
    path = journal.path / ENTRIES
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:count]))
    assert journal.entries() == [*WRITTEN[:count], End(1, 10 if count == 1 else 20, "KILLED")]


def test_a_last_line_that_was_cut_off_is_passed_over(journal):
    path = journal.path / ENTRIES
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1]) + 2):
        path.write_bytes(whole[:-cut])
        assert journal.entries()[:-1] == WRITTEN[:-1]


@pytest.mark.parametrize("line", [b"[]", b"{", b"\xff", b'{"kind": "open"}', b'{"kind": "rm", "stage": 1}'])
def test_a_damaged_line_is_named(journal, line):
    path = journal.path / ENTRIES
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(UserError, match=f"line 1 of {path} is damaged"):
        journal.entries()


def test_journals_are_listed_oldest_first_and_discarded(tmp_path):
    assert journals_in(tmp_path) == []
    journals = [Journal.begin(tmp_path) for _ in range(3)]
    assert journals_in(tmp_path) == journals
    assert journals[1].entries() == []
    journals[1].discard()
    assert journals_in(tmp_path) == [journals[0], journals[2]]


def test_a_text_is_kept_as_it_is(tmp_path):
    assert Journal.begin(tmp_path).keep("report.html", "<p>é").read_text(encoding="utf-8") == "<p>é"
