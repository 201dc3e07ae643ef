"""One run at a time in a data folder."""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from threading import Event, Thread

import pytest
from filelock import FileLock

from vip.errors import UserError
from vip.hooks.lock import FolderLock

HOLD = """
import sys, time
from pathlib import Path
from vip.hooks.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
sys.stdout.write("held\\n"); sys.stdout.flush()
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_run_is_told_who_holds_the_lock(tmp_path, holder):
    with pytest.raises(UserError, match=f"in use by process {holder.pid} on .* since .*; wait for that run"):
        FolderLock(tmp_path).acquire()


def test_the_refused_one_does_not_touch_the_holders_note(tmp_path, holder):
    before = (tmp_path / ".lock.json").read_bytes()
    with pytest.raises(UserError):
        FolderLock(tmp_path).acquire()
    assert (tmp_path / ".lock.json").read_bytes() == before


def test_a_killed_holder_is_no_holder(tmp_path, holder, caplog):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    lock = FolderLock(tmp_path)
    with caplog.at_level(logging.INFO):
        lock.acquire()
    assert f"process {holder.pid}" in caplog.text
    assert json.loads((tmp_path / ".lock.json").read_text())["process"] == str(os.getpid())
    lock.release()


def test_a_released_lock_can_be_taken_again(tmp_path, caplog):
    for _ in range(2):
        lock = FolderLock(tmp_path / "new" / "folder")
        lock.acquire()
        lock.release()
    assert not (tmp_path / "new" / "folder" / ".lock.json").exists()
    assert caplog.text == ""


def test_a_damaged_note_does_not_matter(tmp_path, holder):
    (tmp_path / ".lock.json").write_text("[")
    with pytest.raises(UserError, match="in use by another process"):
        FolderLock(tmp_path).acquire()


def test_releasing_what_was_never_taken_does_nothing(tmp_path):
    FolderLock(tmp_path / "nowhere").release()
    assert not (tmp_path / "nowhere").exists()


def leave_note(folder, **changes) -> None:
    """What a holder leaves that was killed."""
    note = {"process": "1", "host": socket.gethostname(), "since": "2026-01-01 00:00:00", "command": "kedro"}
    (folder / ".lock.json").write_text(json.dumps(note | changes))


def test_a_process_number_that_was_given_out_again_holds_nothing(tmp_path, caplog):
    leave_note(tmp_path, process=str(os.getppid()))
    lock = FolderLock(tmp_path)
    with caplog.at_level(logging.INFO):
        lock.acquire()
    assert f"by process {os.getppid()} on" in caplog.text
    assert json.loads((tmp_path / ".lock.json").read_text())["process"] == str(os.getpid())
    lock.release()


def test_a_holder_on_another_host_that_gives_no_sign_of_life_is_no_holder(tmp_path, caplog):
    leave_note(tmp_path, host="elsewhere", process="77")
    lock = FolderLock(tmp_path, beat=0.01)
    with caplog.at_level(logging.INFO):
        lock.acquire()
    assert "The last run, by process 77 on elsewhere" in caplog.text
    lock.release()


@pytest.fixture
def elsewhere(tmp_path):
    """A holder whose lock this host is not told of."""
    leave_note(tmp_path, host="elsewhere", process="77")
    over = Event()

    def live() -> None:
        while not over.wait(0.02):
            os.utime(tmp_path / ".lock.json")

    thread = Thread(target=live)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_living_holder_on_another_host_is_left_alone(tmp_path, elsewhere):
    with pytest.raises(UserError, match="in use by process 77 on elsewhere since 2026-01-01 00:00:00"):
        FolderLock(tmp_path, beat=0.5).acquire()
    assert json.loads((tmp_path / ".lock.json").read_text())["process"] == "77"
    with FileLock(tmp_path / ".lock", timeout=0):
        pass  # the refused one has let go of what it had


def test_a_holder_gives_signs_of_life_until_it_lets_go(tmp_path):
    lock = FolderLock(tmp_path, beat=0.01)
    lock.acquire()
    note = tmp_path / ".lock.json"
    first = note.stat().st_mtime_ns
    deadline = time.monotonic() + 60
    while note.stat().st_mtime_ns == first:
        assert time.monotonic() < deadline, "no sign of life"
        time.sleep(0.01)
    lock.release()
    time.sleep(0.05)
    assert not note.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="file/data cannot be written to .*; mend that"):
        FolderLock(tmp_path / "file" / "data").acquire()
