"""Which nodes of a pipeline may begin, where several run at once."""

from typing import TYPE_CHECKING

from vip.runners.stage_runner import StageByStage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


class Schedule:
    """Nodes that wait, in the order in which one process runs them, and those that are done."""

    def __init__(self, pipeline: "Pipeline") -> None:
        self._waiting = list(StageByStage(pipeline.nodes).nodes)
        self._dependencies = pipeline.node_dependencies
        self._done: set[Node] = set()

    def __bool__(self) -> bool:
        """Whether nodes still wait to begin."""
        return bool(self._waiting)

    def ready(self) -> "Iterator[Node]":
        """Those that wait for no other node, the first one first."""
        return (node for node in list(self._waiting) if self._dependencies[node] <= self._done)

    def begin(self, node: "Node") -> None:
        """The node waits no more."""
        self._waiting.remove(node)

    def end(self, node: "Node") -> None:
        """What depends on the node need not wait for it any longer."""
        self._done.add(node)
