"""How far a long loop is: a bar where a terminal is one's own, a line a minute where it is shared."""

import logging
from collections.abc import Iterable
from multiprocessing import parent_process
from typing import TYPE_CHECKING, Any

from vip.processes import this_run

if TYPE_CHECKING:
    from tqdm import tqdm

logger = logging.getLogger(__name__)

A_MOMENT = 1.0
"""Seconds that a loop may take without a bar."""
BETWEEN_LINES = 60.0
"""Seconds between two lines of a worker's loop, and before the first."""


def bar(
    title: str, total: int, unit: str, *, done: int = 0, over: Iterable[Any] | None = None
) -> "tqdm[Any]":
    """Of `total` things, `done` before; with `over` it goes through these, else `update` moves it on.

    The time left rests on the mean rate. Of the processes of a launcher the first one speaks.
    """
    from tqdm import tqdm

    return tqdm(
        over,
        desc=title,
        total=total,
        initial=done,
        unit=f" {unit}",
        smoothing=0.0,
        disable=not this_run().is_first,
        **(_as_a_bar() if parent_process() is None else _as_lines()),
    )


def _as_a_bar() -> dict[str, Any]:
    return {"delay": A_MOMENT, "dynamic_ncols": True}


def _as_lines() -> dict[str, Any]:
    return {
        "file": _Lines(),
        "delay": BETWEEN_LINES,
        "mininterval": BETWEEN_LINES,
        "maxinterval": BETWEEN_LINES,
        "leave": False,
        "bar_format": "{desc}: {n_fmt} of {total_fmt}{unit}, {remaining} left",
    }


class _Lines:
    """A file for tqdm whose lines are the log's."""

    def write(self, text: str) -> None:
        if line := text.strip():
            logger.info(line)

    def flush(self) -> None:
        """Lines are told at once."""
