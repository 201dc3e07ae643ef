"""The same run in several processes: what is a map is shared out, what trains trains together."""

from typing import TYPE_CHECKING, Any

from kedro.io import MemoryDataset

from vip.datasets import LazyMapDataset
from vip.processes import this_run
from vip.runners.stage_runner import StageRunner

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from pluggy import PluginManager

EVERY_PROCESS = "every_process"
"""The tag of nodes that all processes run together, such as training."""


class DistributedRunner(StageRunner):
    """A StageRunner in each process of `torchrun`; they wait for one another after every node.

    Nodes that make a lazy map, or are tagged `every_process`, run in all processes; of their outputs, lazy
    maps are made by all and the rest is saved by process 0. Every other node runs in process 0 alone, unless
    its output is kept in memory. Process 0 decides what is up to date.
    """

    def _is_current(self, node: "Node", ledger: Any) -> bool:
        return this_run().from_first(lambda: super(DistributedRunner, self)._is_current(node, ledger))

    def _make(
        self,
        node: "Node",
        catalog: Any,
        ledger: Any,
        hook_manager: "PluginManager | None",
        run_id: str | None,
    ) -> None:
        processes = this_run()
        if processes.is_first or _is_for_all(node, catalog):
            shared = catalog if processes.is_first else SecondCatalog(catalog)
            super()._make(node, shared, ledger if processes.is_first else None, hook_manager, run_id)
        processes.wait_for_all()


class SecondCatalog:
    """The catalog of a process that is not the first: it saves only its part of lazy maps, and memory."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog

    def __getattr__(self, name: str) -> Any:
        """Everything else is the catalog's own."""
        return getattr(self._catalog, name)

    def save(self, name: str, data: Any) -> None:
        """Save what this process has a part in; process 0 saves the rest."""
        if isinstance(self._catalog.get(name), LazyMapDataset | MemoryDataset):
            self._catalog.save(name, data)


def _is_for_all(node: "Node", catalog: Any) -> bool:
    kinds = (LazyMapDataset, MemoryDataset)
    return EVERY_PROCESS in node.tags or any(isinstance(catalog.get(name), kinds) for name in node.outputs)
