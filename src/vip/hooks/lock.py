"""One run at a time in a data folder."""

import json
import logging
import os
import socket
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from vip.errors import UserError

if TYPE_CHECKING:
    from filelock import BaseFileLock

logger = logging.getLogger(__name__)


class FolderLock:
    """An exclusive lock that the operating system ends when its holder dies, and a note of who that is."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._note = folder / ".lock.json"
        self._lock: BaseFileLock | None = None

    def acquire(self) -> None:
        """Take the lock and note who has it; UserError, saying who, where another process holds it."""
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise UserError(
                f"{self._folder} is in use by {self._holder()}; wait for that run or end it, "
                "or give this one another folder (globals.yml)"
            ) from error
        if self._note.exists():
            logger.info(
                "The last run, by %s, did not end; this one goes on from what it left.", self._holder()
            )
        self._lock = lock
        self._note.write_text(json.dumps(_myself()))

    def release(self) -> None:
        """Let go, if this process holds the lock."""
        if self._lock is not None:
            self._note.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def _holder(self) -> str:
        try:
            note = json.loads(self._note.read_text())
            return f"process {note['process']} on {note['host']} since {note['since']} ({note['command']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def _myself() -> dict[str, str]:
    return {
        "process": str(os.getpid()),
        "host": socket.gethostname(),
        "since": datetime.now().astimezone().isoformat(" ", "seconds"),
        "command": " ".join(["kedro", *sys.argv[1:]]),
    }
