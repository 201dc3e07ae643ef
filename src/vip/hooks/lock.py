"""One run at a time in a data folder."""

import json
import logging
import os
import socket
import sys
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from vip.errors import UserError

if TYPE_CHECKING:
    from filelock import BaseFileLock

logger = logging.getLogger(__name__)

BEAT = 5.0
"""Seconds between two signs of life of a holder."""
BEATS = 3
"""A holder on another host that gives no sign of life for so many beats is taken for dead."""


class FolderLock:
    """An exclusive lock that the operating system ends when its holder dies, and a note of who that is.

    A process number says nothing here, so one that was given out again does no harm. Not every file system
    that hosts share tells one host of another's locks; therefore the holder touches its note every `beat`
    seconds, and who finds another host's note looks on for a while.
    """

    def __init__(self, folder: Path, beat: float = BEAT) -> None:
        self._folder = folder
        self._beat = beat
        self._note = folder / ".lock.json"
        self._lock: BaseFileLock | None = None
        self._released = Event()

    def acquire(self) -> None:
        """Take the lock and note who has it; UserError, saying who, where another process holds it."""
        lock = self._locked()
        try:
            self._take_over()
        except BaseException:
            lock.release()
            raise
        self._lock = lock
        self._released = Event()
        Thread(target=self._give_signs_of_life, args=(self._released,), daemon=True).start()

    def release(self) -> None:
        """Let go, if this process holds the lock."""
        if self._lock is not None:
            self._released.set()
            self._note.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _locked(self) -> "BaseFileLock":
        from filelock import FileLock, Timeout

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / ".lock")
            lock.acquire(timeout=0)
        except Timeout:
            raise self._refusal() from None
        except OSError as error:
            raise UserError(
                f"{self._folder} cannot be written to ({error.strerror or error}); mend that, or give this "
                "run another folder (globals.yml)"
            ) from error
        return lock

    def _take_over(self) -> None:
        """Put this process's note in place of one that a dead holder left."""
        if self._note.exists():
            if self._lives_elsewhere():
                raise self._refusal()
            logger.info(
                "The last run, by %s, did not end; this one goes on from what it left.", self._holder()
            )
            self._note.unlink(missing_ok=True)
        try:
            with self._note.open("x") as note:
                note.write(json.dumps(_myself()))
        except FileExistsError:  # another host was quicker
            raise self._refusal() from None

    def _lives_elsewhere(self) -> bool:
        """Whether the note is another host's, and touched while this process looks on."""
        if self._read_note().get("host", socket.gethostname()) == socket.gethostname():
            return False
        seconds = BEATS * self._beat
        logger.info("Looking for up to %.0f s whether %s is still alive.", seconds, self._holder())
        before = self._touched()
        for _ in range(BEATS):
            time.sleep(self._beat)
            now = self._touched()
            if now != before:
                return now is not None
        return False

    def _touched(self) -> int | None:
        """When the note was touched last; opening a file makes NFS ask its server."""
        try:
            with self._note.open() as note:
                return os.fstat(note.fileno()).st_mtime_ns
        except OSError:
            return None

    def _give_signs_of_life(self, released: Event) -> None:
        while not released.wait(self._beat):
            with suppress(OSError):
                os.utime(self._note)

    def _refusal(self) -> UserError:
        return UserError(
            f"{self._folder} is in use by {self._holder()}; wait for that run or end it, "
            "or give this one another folder (globals.yml)"
        )

    def _holder(self) -> str:
        note = self._read_note()
        try:
            return f"process {note['process']} on {note['host']} since {note['since']} ({note['command']})"
        except KeyError:
            return "another process"

    def _read_note(self) -> dict[str, Any]:
        try:
            note = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return {}
        return note if isinstance(note, dict) else {}


def _myself() -> dict[str, str]:
    return {
        "process": str(os.getpid()),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(" ", "seconds"),
        "command": " ".join(["kedro", *sys.argv[1:]]),
    }
