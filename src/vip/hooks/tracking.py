"""MLflow runs: one a stage, told apart by the parameter `stage`; a failing tracker never stops a run."""

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from kedro.framework.hooks import hook_impl

from vip.hooks import measurements
from vip.processes import this_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from vip.hooks.config import Tracking
    from vip.hooks.stage_runs import StageRuns

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")

SAMPLE_CLIPS = 4
"""Clips of the student that become artifacts of its stage."""


def _never_stops(
    method: "Callable[Concatenate[StageTracking, Arguments], None]",
) -> "Callable[Concatenate[StageTracking, Arguments], None]":
    """A failure of the tracker is told once and switches it off; the run goes on."""

    @functools.wraps(method)
    def careful(self: "StageTracking", *arguments: Arguments.args, **options: Arguments.kwargs) -> None:
        if not self.active:
            return
        try:
            method(self, *arguments, **options)
        except Exception as error:  # noqa: BLE001
            self.active = False
            reason = str(error).strip().partition("\n")[0]
            logger.warning("MLflow fails, so this run is not tracked: %s: %s", type(error).__name__, reason)

    return cast("Callable[Concatenate[StageTracking, Arguments], None]", careful)


class StageTracking:
    """Opens a stage's run before its first node, and ends it when its last output is saved."""

    def __init__(self) -> None:
        self.active = False
        self._parameters: dict[str, Any] = {}
        self._make_runs: Callable[[], StageRuns] | None = None
        self._runs: StageRuns | None = None
        self._left: dict[int, set[str]] = {}
        self._skipped: dict[int, list[str]] = {}
        self._catalog: DataCatalog | None = None

    @hook_impl
    def after_context_created(self, context: "KedroContext") -> None:
        """Note the parameters; only one process of several tracks."""
        from vip.hooks.config import Tracking

        self._parameters = dict(context.config_loader["parameters"])
        settings = Tracking(**self._parameters.pop("tracking", {}))
        environment = context.env or "base"
        folder = context.project_path / context.config_loader["globals"].get("folder", "data")
        self._make_runs = functools.partial(_stage_runs, settings, context.project_path, environment, folder)
        self._parameters["environment"] = environment
        self._runs = None
        self.active = settings.enabled and this_run().is_first

    @hook_impl
    def before_pipeline_run(self, pipeline: "Pipeline", catalog: "DataCatalog") -> None:
        """Note what each stage is to save."""
        self._catalog = catalog
        self._left, self._skipped = {}, {}
        for node in pipeline.nodes:
            if stage := stage_of(node.namespace):
                self._left.setdefault(stage, set()).update(node.outputs)

    @hook_impl
    @_never_stops
    def before_node_run(self, node: "Node") -> None:
        """Open the stage's run before the stage's first node."""
        stage = stage_of(node.namespace)
        if not stage:
            return
        if self._runs is None:
            assert self._make_runs is not None, "a context is created before a node runs"
            self._runs = self._make_runs()
        if not self._runs.is_known(stage):
            self._runs.open(stage, measurements.flatten(self._parameters_of(stage)))
            self._log_skipped(stage)

    @hook_impl
    @_never_stops
    def after_node_skipped(self, node: "Node") -> None:
        """Note what is there already: it belongs to the stage's run, should that run begin."""
        stage = stage_of(node.namespace)
        self._skipped.setdefault(stage, []).extend(node.outputs)
        if self._runs is not None and self._runs.is_known(stage):
            self._log_skipped(stage)

    @hook_impl
    @_never_stops
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Log what a stage measured; end its run with its last output."""
        if self._runs is None:
            return
        if dataset_name == "report":
            self._runs.add_text_everywhere(data, "report.html")
        stage = stage_of(dataset_name.rpartition(".")[0])
        if self._runs.is_known(stage):
            self._log(stage, dataset_name, lambda: data)

    @hook_impl(trylast=True)
    @_never_stops
    def after_pipeline_run(self) -> None:
        """End what is open."""
        if self._runs is not None:
            self._runs.end("FINISHED")

    @hook_impl
    @_never_stops
    def on_pipeline_error(self, error: BaseException) -> None:
        """End what is open: FAILED after an error, KILLED after ctrl-C or SIGTERM."""
        if self._runs is not None:
            self._runs.end("FAILED" if isinstance(error, Exception) else "KILLED")

    def _log_skipped(self, stage: int) -> None:
        catalog: Any = self._catalog
        for dataset_name in self._skipped.pop(stage, []):
            self._log(stage, dataset_name, functools.partial(catalog.load, dataset_name))

    def _log(self, stage: int, dataset_name: str, data: "Callable[[], Any]") -> None:
        """Log one output of a stage that has a run."""
        assert self._runs is not None, "a stage has a run only where there are runs"
        name = dataset_name.rpartition(".")[2]
        if name in measurements.READERS:
            self._runs.log(stage, measurements.READERS[name](data()))
        if name == "student_evaluation_clips":
            self._runs.add_files(stage, self._sample_clips(dataset_name), "clips")
        self._left[stage].discard(dataset_name)
        if not self._left[stage]:
            self._runs.end("FINISHED", stage)

    def _parameters_of(self, stage: int) -> dict[str, Any]:
        own = {key: value for key, value in self._parameters.items() if stage_of(key) in (0, stage)}
        return {"stage": stage} | own

    def _sample_clips(self, dataset_name: str) -> "list[Path]":
        assert self._catalog is not None, "a catalog is created before a dataset is saved"
        clips: Any = self._catalog.get(dataset_name)
        return list(clips.files(".mp4")[:SAMPLE_CLIPS])


def _stage_runs(settings: "Tracking", project: Path, environment: str, folder: Path) -> "StageRuns":
    """MLflow is imported when the first stage begins, and never by other commands."""
    from vip.hooks.stage_runs import StageRuns

    return StageRuns(settings, project, environment, folder)


def stage_of(namespace: str | None) -> int:
    """The number in `stage_2` or `stage_2.more`; 0 for any other namespace."""
    word, _, number = (namespace or "").partition(".")[0].partition("_")
    return int(number) if word == "stage" and number.isdecimal() else 0
