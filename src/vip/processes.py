"""The processes of one run (`torchrun`, `accelerate launch`), and what they tell each other.

Without a launcher there is one process, and nothing here imports torch.
"""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, NoReturn, TypeVar

from vip.errors import UserError

Value = TypeVar("Value")

PATIENCE = timedelta(days=30)
"""One process may work alone for long. That another one died is noticed by its closed connection."""


class Terminated(SystemExit):
    """SIGTERM has come; the code is 143, as a shell expects."""


def end_on_sigterm() -> None:
    """Let SIGTERM unwind this process, so that what it holds is put in order."""
    signal.signal(signal.SIGTERM, _terminated)


def _terminated(number: int, _frame: object) -> NoReturn:
    raise Terminated(128 + number)


@dataclass(frozen=True)
class Processes:
    """This process's number, from 0, and how many there are; each verb is called by all of them alike."""

    number: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes what all share, tracks, and speaks to the user."""
        return self.number == 0

    def from_first(self, make: Callable[[], Value]) -> Value:
        """What `make` gives in process 0, in all of them; it is called there only."""
        own: Any = make() if self.is_first else None
        first: Value = self.from_all(own)[0]
        return first

    def from_all(self, own: Value) -> list[Value]:
        """What each process brings, in the order of their numbers, in all of them."""
        if self.count == 1:
            return [own]
        import torch.distributed

        brought: list[Any] = [None] * self.count
        try:
            torch.distributed.all_gather_object(brought, own, group=_words())
        except RuntimeError as error:
            raise UserError("another process of this run has ended; what it says tells why") from error
        return brought

    def wait_for_all(self) -> None:
        """Go on only when every process has come here."""
        self.from_all(None)


@cache
def this_run() -> Processes:
    """The processes that the launcher started; one where there was none."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    return Processes(int(os.environ["RANK"]), count) if count > 1 else Processes()


@cache
def _words() -> Any:
    """The group for words, over gloo on the CPU; accelerate takes what is initialised here for gradients."""
    import torch
    import torch.distributed as group

    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    if not group.is_initialized():
        group.init_process_group("nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    return group.new_group(backend="gloo", timeout=PATIENCE)
