"""Hands entries to MLflow in a thread of its own, so that a tracker that hangs holds nobody up."""

import logging
import time
from collections.abc import Callable
from queue import Queue
from threading import Thread
from typing import Protocol

from vip.hooks.journal import Entry, Journal

logger = logging.getLogger(__name__)

WHILE_RUNNING = 5.0
"""Seconds that a command waits for MLflow, in all, before it goes on beside it."""
AT_THE_END = 20.0
"""Seconds that it waits at its end."""


class Tracker(Protocol):
    """What takes entries: `vip.hooks.stage_runs.StageRuns`."""

    def take(self, entry: Entry) -> None:
        """Log what an entry says."""


class Delivery:
    """The way of one journal's entries to a tracker: in order, until one cannot be delivered."""

    def __init__(
        self,
        journal: Journal,
        connect: Callable[[], Tracker],
        while_running: float = WHILE_RUNNING,
        at_the_end: float = AT_THE_END,
    ) -> None:
        """Take a journal, what finds its tracker (in the other thread), and how long to wait for it."""
        self.journal = journal
        self._connect = connect
        self._patience = while_running
        self._at_the_end = at_the_end
        self._failed = False
        self._queue: Queue[Entry | None] = Queue()
        Thread(target=self._work, daemon=True, name="tracker").start()

    def pass_on(self, entry: Entry) -> None:
        """Write an entry to the journal and send it off; waits for its arrival while patience lasts."""
        self.journal.write(entry)
        if not self._failed:
            self._queue.put(entry)
            self._patience -= self._wait(self._patience)

    def finish(self) -> None:
        """Wait for what is on its way; discard the journal if all has arrived, say what to do if not."""
        self._queue.put(None)
        waited = self._wait(self._at_the_end)
        if self._failed:
            return
        if self._queue.unfinished_tasks:
            self._fail(f"no answer within {waited:.0f} s")
        else:
            self.journal.discard()

    def _wait(self, seconds: float) -> float:
        begun = time.monotonic()
        with self._queue.all_tasks_done:
            self._queue.all_tasks_done.wait_for(lambda: not self._queue.unfinished_tasks, max(seconds, 0.0))
        return time.monotonic() - begun

    def _work(self) -> None:
        tracker: Tracker | None = None
        while (entry := self._queue.get()) is not None:
            if not self._failed:
                try:
                    tracker = tracker or self._connect()
                    tracker.take(entry)
                except Exception as error:  # noqa: BLE001
                    reason = str(error).strip().partition("\n")[0]
                    self._fail(f"{type(error).__name__}: {reason}")
            self._queue.task_done()
        self._queue.task_done()

    def _fail(self, reason: str) -> None:
        if self._failed:
            return
        self._failed = True
        logger.warning(
            "MLflow does not take what this run logs (%s); it is kept in %s: `kedro track` logs it later.",
            reason[:300],
            self.journal.path,
        )


def deliver(journal: Journal, tracker: Tracker) -> None:
    """All entries of a journal that a past run left, and then the journal is gone."""
    for entry in journal.entries():
        tracker.take(entry)
    journal.discard()
