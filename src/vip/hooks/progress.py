"""One line a node: which, how far the run is, how long it took."""

import logging
import time
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

WORTH_TELLING = 5.0
"""Seconds from which on a node's duration is told."""


class ProgressLog:
    """Tells which node begins, as `[7 of 60] stage 1: pairs`, and how long the one before it took."""

    def __init__(self) -> None:
        self._begun = 0
        self._total = 0
        self._since = 0.0

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: "Pipeline") -> None:
        """Count the nodes; `--only-missing-outputs` decides later which of them run."""
        self._begun = 0
        self._total = 0 if run_params.get("only_missing_outputs") else len(pipeline.nodes)

    @hook_impl
    def before_node_run(self, node: "Node") -> None:
        """Tell that a node begins."""
        self._tell_duration()
        self._begun += 1
        count = f"{self._begun} of {self._total}" if self._total else f"{self._begun}"
        logger.info("[%s] %s", count, title(node.name))
        self._since = time.monotonic()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Tell how long the last node took."""
        self._tell_duration()

    def _tell_duration(self) -> None:
        """A node's time includes that of saving: lazy maps are made then."""
        seconds = time.monotonic() - self._since
        if self._begun and seconds >= WORTH_TELLING:
            logger.info("took %.0f s", seconds)


def title(name: str) -> str:
    """A node's name as people say it: `stage_1.block_importance` is `stage 1: block importance`."""
    namespace, _, own = name.rpartition(".")
    words = own.replace("_", " ")
    return f"{namespace.replace('_', ' ')}: {words}" if namespace else words
