"""Processes of this machine that run one node each, and end with the process that began them."""

import signal
from itertools import pairwise
from multiprocessing import connection, get_context
from typing import TYPE_CHECKING, Any, Self

from vip.errors import UserError
from vip.runners.worker import work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kedro.pipeline.node import Node

_spawn = get_context("spawn")


class Crew:
    """At most `count` worker processes, each begun when there is work for it."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: list[Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop those at work, as SIGTERM stops a run, and wait until none is left."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.wait()

    @property
    def nodes(self) -> "list[Node]":
        """What is being worked on."""
        return [worker.node for worker in self._workers if worker.node is not None]

    @property
    def is_full(self) -> bool:
        """Whether all are at work."""
        return len(self.nodes) == self._count

    def begin(self, node: "Node", catalog: Any) -> None:
        """Have a free worker run a node over a catalog of its inputs and outputs."""
        free = next((worker for worker in self._workers if worker.node is None), None)
        if free is None:
            free = Worker(len(self._workers), self._count)
            self._workers.append(free)
        free.begin(node, catalog)

    def finished(self) -> "Node":
        """Wait for a node to be done; what stopped it is raised here."""
        at_work = [worker for worker in self._workers if worker.node is not None]
        told = connection.wait([worker.pipe for worker in at_work])
        return next(worker for worker in at_work if worker.pipe in told).finished()


class Worker:
    """One process, which works on a node or waits for one."""

    node: "Node | None" = None

    def __init__(self, number: int, count: int) -> None:
        self.pipe, theirs = _spawn.Pipe()
        self._process = _spawn.Process(target=work, args=(theirs, number, count), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, node: "Node", catalog: Any) -> None:
        """Hand over a node."""
        self.node = node
        self.pipe.send((node, catalog))

    def finished(self) -> "Node":
        """The node, which is done; its error where it has one."""
        node, self.node = self.node, None
        assert node is not None, "it was at work"
        try:
            errors: Sequence[Exception] = self.pipe.recv()
        except (EOFError, ConnectionResetError):
            raise UserError(self._how_it_ended(node)) from None
        for error, cause in pairwise(errors):
            error.__cause__ = cause
        if errors:
            raise errors[0]
        return node

    def stop(self) -> None:
        """End the process: at once where it waits, else as soon as what it does allows."""
        if self.node is None:
            self.pipe.close()
        else:
            self._process.terminate()

    def wait(self) -> None:
        """Wait until the process is gone."""
        self._process.join()

    def _how_it_ended(self, node: "Node") -> str:
        self._process.join()
        code = self._process.exitcode or 0
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        hint = "; the system may have run out of memory" if code == -signal.SIGKILL else ""
        return (
            f"the process of {node.name} {how}{hint}; run the same command again, it goes on from there, "
            "with fewer --processes if they need too much memory together"
        )
