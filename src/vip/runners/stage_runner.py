"""One stage after the other, and of each only what is not as its recipe would make it."""

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner
from kedro.runner.task import Task

from vip.datasets.provenance import ProvenanceFolder
from vip.faults import fault_point
from vip.pipelines.comparison.arms import run_of
from vip.pipelines.namespaces import stage_of
from vip.runners.ledger import Ledger

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from pluggy import PluginManager


class StageRunner(SequentialRunner):
    """Kedro's sequential runner, but it ends a stage before it begins the next, and skips what is current.

    `provenance` is where it keeps how each artifact was made; without it nothing is skipped. Hooks hear of a
    skipped node by `after_node_skipped(node, catalog)`.
    """

    provenance: ProvenanceFolder | None = None

    def __str__(self) -> str:
        """kedro-viz shows the runs of sequential runners, and knows these by their text."""
        return f"StageRunner, a {SequentialRunner.__module__}.{SequentialRunner.__qualname__} object"

    def run(
        self,
        pipeline: Pipeline,
        catalog: Any,
        hook_manager: "PluginManager | None" = None,
        run_id: str | None = None,
        only_missing_outputs: bool = False,
    ) -> dict[str, Any]:
        """As Kedro's; what is there and current is left alone with and without `only_missing_outputs`."""
        kept = only_missing_outputs and self.provenance is None
        return super().run(pipeline, catalog, hook_manager, run_id, only_missing_outputs=kept)

    def _run(
        self,
        pipeline: Pipeline,
        catalog: Any,
        hook_manager: "PluginManager | None" = None,
        run_id: str | None = None,
    ) -> None:
        nodes = StageByStage(pipeline.nodes).nodes
        ledger = Ledger(catalog, self.provenance) if self.provenance else None
        load_counts = Counter(chain.from_iterable(node.inputs for node in nodes))
        for node in nodes:
            if self._is_current(node, ledger):
                tell_skipped(node, catalog, hook_manager)
            else:
                self._make(node, catalog, ledger, hook_manager, run_id)
            self._release_datasets(node, catalog, load_counts, pipeline)

    def _is_current(self, node: "Node", ledger: Ledger | None) -> bool:
        return ledger is not None and ledger.is_current(node)

    def _make(
        self,
        node: "Node",
        catalog: Any,
        ledger: Ledger | None,
        hook_manager: "PluginManager | None",
        run_id: str | None,
    ) -> None:
        Task(node, catalog, self._is_async, hook_manager, run_id).execute()
        fault_point("node.saved")
        if ledger is not None:
            ledger.note(node)


def tell_skipped(node: "Node", catalog: Any, hook_manager: "PluginManager | None") -> None:
    """Kedro has no hook for this, so those of our hooks that want to know are called by name."""
    listeners = getattr(hook_manager.hook, "after_node_skipped", None) if hook_manager else None
    if listeners is not None:
        listeners(node=node, catalog=catalog)


class StageByStage(Pipeline):
    """A pipeline whose nodes come in another order, in which they still come after those they depend on."""

    @property
    def nodes(self) -> "list[Node]":
        """What comes before all stages, then stage 1, stage 2, ..., then a comparison's runs, seed by seed.

        A node belongs to the latest of its own stage or run and those of the nodes it depends on: a report
        over all stages comes last.
        """
        places: dict[Node, tuple[int, int, str]] = {}
        for node in super().nodes:
            earlier = (places[each] for each in self.node_dependencies[node])
            places[node] = max([_place_of(node.namespace), *earlier])
        return sorted(places, key=places.__getitem__)


def _place_of(namespace: str | None) -> tuple[int, int, str]:
    run = run_of(namespace)
    return (1, run[1], run[0]) if run else (0, stage_of(namespace), "")
