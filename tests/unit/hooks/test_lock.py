"""One run at a time in a data folder."""

import json
import logging
import os
import signal
import subprocess
import sys

import pytest

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
