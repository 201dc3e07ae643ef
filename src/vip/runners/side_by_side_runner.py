"""Nodes that do not wait for one another, side by side in several processes of one machine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kedro.io import DataCatalog

from vip.datasets import LazyMapDataset, ModelFolderDataset
from vip.runners.crew import Crew
from vip.runners.ledger import Ledger
from vip.runners.schedule import Schedule
from vip.runners.stage_runner import StageRunner, tell_skipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node
    from pluggy import PluginManager

ALONE = "alone"
"""The tag of nodes that measure seconds or memory: nothing runs beside them."""
SOURCES = (LazyMapDataset, ModelFolderDataset)
"""What items are made from."""


class SideBySideRunner(StageRunner):
    """A StageRunner that gives nodes to worker processes, as many at once as `processes` says.

    The arms and seeds of a comparison hardly wait for one another. This process decides what is up to date,
    notes how it was made, and tells hooks that a node begins and what it saved; nodes see one process.
    Nodes that may make the same items come one after the other, so that none is made twice; what is tagged
    `alone`, or kept in memory, this process runs itself.
    """

    def __init__(self, processes: int) -> None:
        super().__init__()
        self._processes = processes

    def _run(
        self,
        pipeline: "Pipeline",
        catalog: Any,
        hook_manager: "PluginManager | None" = None,
        run_id: str | None = None,
    ) -> None:
        assert hook_manager is not None, "Kedro gives one"
        assert self.provenance is not None, "the session gives it; without it nothing tells what is current"
        ledger = Ledger(catalog, self.provenance)

        def make_here(node: "Node") -> None:
            self._make(node, catalog, ledger, hook_manager, run_id)

        with Crew(self._processes) as crew:
            _Work(Schedule(pipeline), crew, catalog, ledger, hook_manager, run_id, make_here).do()


@dataclass(frozen=True)
class _Work:
    """One run: what waits, who works, and what is told of it."""

    schedule: Schedule
    crew: Crew
    catalog: Any
    ledger: Ledger
    hook_manager: "PluginManager"
    run_id: str | None
    make_here: "Callable[[Node], None]"

    def do(self) -> None:
        """Begin what may begin; where nothing may, wait for what is at work."""
        while self.schedule or self.crew.nodes:
            node = None if self.crew.is_full else self._next()
            if node is None:
                self._finish(self.crew.finished())
            else:
                self._begin(node)

    def _next(self) -> "Node | None":
        """The first node that is ready and disturbs none at work, nor makes what one of them is making."""
        making = [self._items_of(node) for node in self.crew.nodes]
        ready = (node for node in self.schedule.ready() if not (making and ALONE in node.tags))
        return next((node for node in ready if self._items_of(node) not in making), None)

    def _begin(self, node: "Node") -> None:
        self.schedule.begin(node)
        if self.ledger.is_current(node):
            tell_skipped(node, self.catalog, self.hook_manager)
        elif ALONE in node.tags or not all(map(self.ledger.is_kept, [*node.inputs, *node.outputs])):
            self.make_here(node)
        else:
            self.hook_manager.hook.before_node_run(
                node=node, catalog=self.catalog, inputs={}, is_async=False, run_id=self.run_id
            )
            self.crew.begin(node, self._part_of_catalog(node))
            return
        self.schedule.end(node)

    def _finish(self, node: "Node") -> None:
        """A worker has saved what a node makes."""
        self.ledger.note(node)
        for name in node.outputs:
            data = self.catalog.load(name)
            self.hook_manager.hook.after_dataset_saved(dataset_name=name, data=data, node=node)
        self.schedule.end(node)

    def _items_of(self, node: "Node") -> tuple[Any, ...]:
        """The same for two nodes that may make the same items: alike, from the same models or items.

        Tables and parameters may differ: another arm's prompts are partly the same, another method's
        reference predictions are all the same.
        """
        if not any(isinstance(self.catalog.get(name), LazyMapDataset) for name in node.outputs):
            return (node.name,)
        sources = (name for name in node.inputs if isinstance(self.catalog.get(name), SOURCES))
        return (node.func, *map(self.ledger.fingerprint, sources))

    def _part_of_catalog(self, node: "Node") -> DataCatalog:
        return DataCatalog({name: self.catalog.get(name) for name in (*node.inputs, *node.outputs)})
