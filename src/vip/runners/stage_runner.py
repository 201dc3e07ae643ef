"""One stage after the other: a stage is evaluated before the next one begins to search."""

from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from vip.hooks.tracking import stage_of

if TYPE_CHECKING:
    from kedro.pipeline.node import Node
    from pluggy import PluginManager


class StageRunner(SequentialRunner):
    """Kedro's sequential runner, but it ends a stage before it begins the next."""

    def __str__(self) -> str:
        """kedro-viz shows the runs of sequential runners, and knows these by their text."""
        return f"StageRunner, a {SequentialRunner.__module__}.{SequentialRunner.__qualname__} object"

    def _run(
        self,
        pipeline: Pipeline,
        catalog: Any,
        hook_manager: "PluginManager | None" = None,
        run_id: str | None = None,
    ) -> None:
        super()._run(StageByStage(pipeline.nodes), catalog, hook_manager, run_id)


class StageByStage(Pipeline):
    """A pipeline whose nodes come in another order, in which they still come after those they depend on."""

    @property
    def nodes(self) -> "list[Node]":
        """What comes before all stages, then stage 1, stage 2, ...

        A node belongs to the latest stage among its own and those of the nodes it depends on: a report over
        all stages comes last.
        """
        stages: dict[Node, int] = {}
        for node in super().nodes:
            earlier = (stages[each] for each in self.node_dependencies[node])
            stages[node] = max([stage_of(node.namespace), *earlier])
        return sorted(stages, key=stages.__getitem__)
