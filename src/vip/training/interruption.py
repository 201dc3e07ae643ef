"""Ctrl-C and SIGTERM come between steps, never inside one that has begun to move weights."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from vip.processes import this_run

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[list[int]]:
    """Hold these signals back until the block is done, in a list; only the main thread ever hears of them."""
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield held
        return
    before = {number: signal.signal(number, lambda heard, _: held.append(heard)) for number in SIGNALS}
    try:
        yield held
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for heard in held:
            signal.raise_signal(heard)


def held_by_any(held: list[int]) -> bool:
    """Whether any process of this run holds a signal back, which then all do; they ask at the same place."""
    held += [number for heard in this_run().from_all(held.copy()) for number in heard]
    return bool(held)
