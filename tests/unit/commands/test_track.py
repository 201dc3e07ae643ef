"""`kedro track`: what MLflow missed is logged once, under the folder's lock."""

from pathlib import Path

import pytest

from vip import config_loader
from vip.commands import track
from vip.commands.experiment import Experiment
from vip.errors import UserError
from vip.hooks.journal import End, Journal, Open, journals_in
from vip.hooks.lock import FolderLock

PARAMETERS = {"tracking": {"uri": "http://127.0.0.1:1"}}


class Tracker:
    """Takes entries, or fails at one."""

    def __init__(self, fail_at: type | None = None) -> None:
        self.taken: list = []
        self.fail_at = fail_at

    def take(self, entry) -> None:
        if self.fail_at and isinstance(entry, self.fail_at):
            raise ConnectionError("no server\nat all")
        self.taken.append(entry)


@pytest.fixture
def tracker(tmp_path, monkeypatch) -> Tracker:
    monkeypatch.setattr(config_loader, "_latest", [])
    monkeypatch.setattr(
        Experiment,
        "read",
        lambda project, env, params: Experiment(project, PARAMETERS, {}, tmp_path / "data"),
    )
    tracker = Tracker()
    monkeypatch.setattr("vip.hooks.stage_runs.StageRuns", lambda *_: tracker)
    return tracker


def leave(folder: Path) -> list:
    entries = [Open(1, 10, "kedro run", {"stage": "1"}), End(1, 20, "FINISHED")]
    journal = Journal.begin(folder)
    for entry in entries:
        journal.write(entry)
    return entries


def test_where_nothing_was_missed_nothing_is_done(tracker, tmp_path):
    assert "holds nothing that MLflow missed" in track.tracked(tmp_path, None, {})
    assert not (tmp_path / "data").exists()


def test_all_journals_are_logged_in_their_order_and_gone(tracker, tmp_path):
    entries = leave(tmp_path / "data") + leave(tmp_path / "data")
    assert "the runs of 2 command(s)" in track.tracked(tmp_path, None, {})
    assert tracker.taken == entries
    assert journals_in(tmp_path / "data") == []


def test_a_tracker_that_still_fails_is_told_in_a_line_and_nothing_is_lost(tracker, tmp_path):
    leave(tmp_path / "data")
    tracker.fail_at = End
    with pytest.raises(
        UserError, match=r"MLflow at http://127.0.0.1:1 does not take it .ConnectionError: no serv"
    ):
        track.tracked(tmp_path, None, {})
    assert len(journals_in(tmp_path / "data")) == 1
    tracker.fail_at = None
    track.tracked(tmp_path, None, {})
    assert journals_in(tmp_path / "data") == []


def test_a_run_in_the_folder_is_left_alone(tracker, tmp_path):
    leave(tmp_path / "data")
    lock = FolderLock(tmp_path / "data")
    lock.acquire()
    with pytest.raises(UserError, match="in use by process"):
        track.tracked(tmp_path, None, {})
    lock.release()
    assert tracker.taken == []
