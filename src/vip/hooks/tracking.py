"""MLflow runs for what Kedro runs: `vip.hooks.recorder` is told of each node, and stops none of them."""

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from kedro.framework.hooks import hook_impl

from vip.config_loader import data_folder
from vip.processes import this_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from vip.hooks.config import Tracking
    from vip.hooks.delivery import Delivery
    from vip.hooks.recorder import Recorder
    from vip.hooks.stage_runs import StageRuns

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")


def _never_stops(
    method: "Callable[Concatenate[StageTracking, Arguments], None]",
) -> "Callable[Concatenate[StageTracking, Arguments], None]":
    """A failure here is told once and switches tracking off; the run goes on."""

    @functools.wraps(method)
    def careful(self: "StageTracking", *arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        if not self.active:
            return
        try:
            method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001
            self.active = False
            reason = str(error).strip().partition("\n")[0]
            logger.warning("This run is not tracked from here on: %s: %s", type(error).__name__, reason)

    return cast("Callable[Concatenate[StageTracking, Arguments], None]", careful)


class StageTracking:
    """Records the runs of a command; only one process of several does."""

    _recorder: "Recorder"

    def __init__(self) -> None:
        self.active = False
        self._parameters: dict[str, Any] = {}
        self._place = ("", Path(), Path())

    @hook_impl
    def after_context_created(self, context: "KedroContext") -> None:
        """Note the parameters, which may not have been checked yet, and the place."""
        environment = context.env or "base"
        folder = data_folder(context.project_path, context.config_loader["globals"])
        self._parameters = context.config_loader["parameters"] | {"environment": environment}
        self._place = (environment, context.project_path, folder)

    @hook_impl
    def before_pipeline_run(self, pipeline: "Pipeline", catalog: "DataCatalog") -> None:
        """Note what each stage is to save."""
        from vip.hooks.config import Tracking
        from vip.hooks.recorder import Recorder

        settings = Tracking(**self._parameters.pop("tracking", {}))
        self.active = settings.enabled and this_run().is_first
        begin = functools.partial(_begin, settings, *self._place)
        self._recorder = Recorder(pipeline, catalog, self._parameters, begin)

    @hook_impl
    @_never_stops
    def before_node_run(self, node: "Node") -> None:
        """Open the stage's run before the stage's first node."""
        self._recorder.begin(node.namespace)

    @hook_impl
    @_never_stops
    def after_node_skipped(self, node: "Node") -> None:
        """Note what is there already: it belongs to the stage's run, should that run begin."""
        self._recorder.skip(node)

    @hook_impl
    @_never_stops
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Log what a stage measured; end its run with its last output."""
        self._recorder.saved(dataset_name, data)

    @hook_impl(trylast=True)
    @_never_stops
    def after_pipeline_run(self) -> None:
        """End what is open."""
        self._recorder.end_all("FINISHED")

    @hook_impl
    @_never_stops
    def on_pipeline_error(self, error: BaseException) -> None:
        """End what is open: FAILED after an error, KILLED after ctrl-C or SIGTERM."""
        self._recorder.end_all("FAILED" if isinstance(error, Exception) else "KILLED")


def _begin(settings: "Tracking", environment: str, project: Path, folder: Path) -> "Delivery":
    """A journal and its way to MLflow, which is imported then, and never by other commands."""
    from vip.hooks.delivery import Delivery
    from vip.hooks.journal import Journal

    journal = Journal.begin(folder)

    def connect() -> "StageRuns":
        from vip.hooks.stage_runs import StageRuns

        return StageRuns(settings, project, environment, folder, journal.name)

    return Delivery(journal, connect)
