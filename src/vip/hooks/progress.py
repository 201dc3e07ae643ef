"""One line a node: which, how far the run is, how long it took."""

import logging
import time
from typing import TYPE_CHECKING

from kedro.framework.hooks import hook_impl

from vip.faults import fault_point

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

WORTH_TELLING = 5.0
"""Seconds from which on a node's duration is told."""


class ProgressLog:
    """Tells which node begins, as `[7 of 60] stage 1: pairs`, and how long one took that is done."""

    def __init__(self) -> None:
        self._begun = 0
        self._total = 0
        self._current = 0
        self._since: dict[Node, float] = {}

    @hook_impl
    def before_pipeline_run(self, pipeline: "Pipeline") -> None:
        """Count the nodes."""
        self._begun = self._current = 0
        self._since = {}
        self._total = len(pipeline.nodes)

    @hook_impl
    def before_node_run(self, node: "Node") -> None:
        """Tell that a node begins."""
        fault_point("node.before")
        self._tell_current()
        self._begun += 1
        logger.info("[%d of %d] %s", self._begun, self._total, title(node.name))
        self._since[node] = time.monotonic()

    @hook_impl
    def after_node_skipped(self) -> None:
        """Count a node that has nothing to do."""
        self._current += 1

    @hook_impl
    def after_node_run(self) -> None:
        """The node has returned; nothing of it is saved."""
        fault_point("node.computed")

    @hook_impl(trylast=True)
    def after_dataset_saved(self, dataset_name: str, node: "Node") -> None:
        """Tell how long a node took, with its last output: lazy maps are made when they are saved."""
        if dataset_name != node.outputs[-1]:
            return
        seconds = time.monotonic() - self._since.pop(node)
        if seconds >= WORTH_TELLING:
            which = f"{title(node.name)} " if self._since else ""
            logger.info("%stook %.0f s", which, seconds)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Tell of those that had nothing to do."""
        self._tell_current()

    def _tell_current(self) -> None:
        if self._current:
            self._begun += self._current
            logger.info("[%d of %d] %d up to date", self._begun, self._total, self._current)
            self._current = 0


def title(name: str) -> str:
    """A node's name as people say it: `stage_1.block_importance` is `stage 1: block importance`."""
    namespace, _, own = name.rpartition(".")
    words = own.replace("_", " ")
    place = namespace.replace("_", " ").replace(".", ", ")
    return f"{place}: {words}" if place else words
