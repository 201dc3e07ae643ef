"""Nodes that do not wait for one another, side by side in several processes of one machine."""

from typing import TYPE_CHECKING, Any

from kedro.io import DataCatalog

from vip.datasets import LazyMapDataset, ModelFolderDataset
from vip.runners.crew import Crew
from vip.runners.ledger import Ledger
from vip.runners.schedule import Schedule
from vip.runners.stage_runner import StageRunner, tell_skipped

if TYPE_CHECKING:
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
        schedule, ledger = Schedule(pipeline), Ledger(catalog, self.provenance)
        with Crew(self._processes) as crew:
            while schedule or crew.nodes:
                node = None if crew.is_full else self._next(schedule, crew.nodes, catalog, ledger)
                if node is None:
                    node = crew.finished()
                    ledger.note(node)
                    _tell_saved(node, catalog, hook_manager)
                    schedule.end(node)
                    continue
                schedule.begin(node)
                if ledger.is_current(node):
                    tell_skipped(node, catalog, hook_manager)
                    schedule.end(node)
                elif ALONE in node.tags or not all(map(ledger.is_kept, [*node.inputs, *node.outputs])):
                    self._make(node, catalog, ledger, hook_manager, run_id)
                    schedule.end(node)
                else:
                    hook_manager.hook.before_node_run(
                        node=node, catalog=catalog, inputs={}, is_async=False, run_id=run_id
                    )
                    crew.begin(node, _part_of(catalog, node))

    def _next(self, schedule: Schedule, at_work: "list[Node]", catalog: Any, ledger: Ledger) -> "Node | None":
        """The first node that is ready and disturbs none at work, nor makes what one of them is making."""
        making = [_items_of(node, catalog, ledger) for node in at_work]
        ready = (node for node in schedule.ready() if not (at_work and ALONE in node.tags))
        return next((node for node in ready if _items_of(node, catalog, ledger) not in making), None)


def _items_of(node: "Node", catalog: Any, ledger: Ledger) -> tuple[Any, ...]:
    """The same for two nodes that may make the same items: alike, from the same models or items.

    Tables and parameters may differ: another arm's prompts are partly the same, another method's reference
    predictions are all the same.
    """
    if not any(isinstance(catalog.get(name), LazyMapDataset) for name in node.outputs):
        return (node.name,)
    sources = (name for name in node.inputs if isinstance(catalog.get(name), SOURCES))
    return (node.func, *map(ledger.fingerprint, sources))


def _part_of(catalog: Any, node: "Node") -> DataCatalog:
    return DataCatalog({name: catalog.get(name) for name in (*node.inputs, *node.outputs)})


def _tell_saved(node: "Node", catalog: Any, hook_manager: "PluginManager") -> None:
    for name in node.outputs:
        hook_manager.hook.after_dataset_saved(dataset_name=name, data=catalog.load(name), node=node)
