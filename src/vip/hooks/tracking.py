"""MLflow runs: one a stage or alignment, one an arm and seed below their comparison; none stops a run."""

import functools
import logging
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, cast

from kedro.framework.hooks import hook_impl

from vip.config_loader import data_folder
from vip.hooks import measurements
from vip.pipelines.alignment.run_parameters import ALIGNMENT
from vip.pipelines.comparison.arms import run_of
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.namespaces import key_of, stage_of
from vip.processes import this_run

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

    from vip.hooks.config import Tracking
    from vip.hooks.delivery import Delivery
    from vip.hooks.journal import Entry, Key
    from vip.hooks.stage_runs import StageRuns

logger = logging.getLogger(__name__)

Arguments = ParamSpec("Arguments")

PARENTS = ("comparison", "sweep")
"""Runs above those of arms: the pipeline, its nodes' tag, the block of parameters that says what they are."""
OF_PARENTS = {
    "comparison_differences": "comparison",
    "comparison_gains": "comparison",
    "comparison_page": "comparison",
    "sweep_results": "sweep",
    "sweep_page": "sweep",
}
"""What those runs are about."""
SAMPLE_CLIPS = 4
"""Clips of the student that become artifacts of its stage."""


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
    """Opens a stage's run before its first node, and ends it when its last output is saved."""

    def __init__(self) -> None:
        self.active = False
        self._parameters: dict[str, Any] = {}
        self._place = ("", Path(), Path())
        self._begin: Callable[[], Delivery] | None = None
        self._delivery: Delivery | None = None
        self._opened: set[Key] = set()
        self._open: set[Key] = set()
        self._left: dict[Key, set[str]] = {}
        self._skipped: dict[Key, list[str]] = {}
        self._catalog: DataCatalog | None = None
        self._parent = PARENTS[0]

    @hook_impl
    def after_context_created(self, context: "KedroContext") -> None:
        """Note the parameters, which may not have been checked yet, and the place."""
        environment = context.env or "base"
        folder = data_folder(context.project_path, context.config_loader["globals"])
        self._parameters = context.config_loader["parameters"] | {"environment": environment}
        self._place = (environment, context.project_path, folder)
        self._delivery = None

    @hook_impl
    def before_pipeline_run(self, pipeline: "Pipeline", catalog: "DataCatalog") -> None:
        """Note what each stage is to save; only one process of several tracks."""
        from vip.hooks.config import Tracking

        settings = Tracking(**self._parameters.pop("tracking", {}))
        self.active = settings.enabled and this_run().is_first
        self._begin = functools.partial(_begin, settings, *self._place)
        self._catalog = catalog
        tags = {tag for node in pipeline.nodes for tag in node.tags}
        self._parent = next((parent for parent in PARENTS if parent in tags), PARENTS[0])
        self._opened, self._open, self._left, self._skipped = set(), set(), {}, {}
        for node in pipeline.nodes:
            if stage := key_of(node.namespace):
                self._left.setdefault(stage, set()).update(node.outputs)

    @hook_impl
    @_never_stops
    def before_node_run(self, node: "Node") -> None:
        """Open the stage's run before the stage's first node."""
        if stage := key_of(node.namespace):
            self._begin_run(stage)

    @hook_impl
    @_never_stops
    def after_node_skipped(self, node: "Node") -> None:
        """Note what is there already: it belongs to the stage's run, should that run begin."""
        stage = key_of(node.namespace)
        self._skipped.setdefault(stage, []).extend(node.outputs)
        if stage in self._opened:
            self._log_skipped(stage)

    @hook_impl
    @_never_stops
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Log what a stage measured; end its run with its last output."""
        if dataset_name == "report":
            self._add_report(data)
        if parent := OF_PARENTS.get(dataset_name):
            self._log_summary(parent, dataset_name, data)
        stage = key_of(dataset_name.rpartition(".")[0])
        if stage in self._opened:
            self._log(stage, dataset_name, lambda: data)

    @hook_impl(trylast=True)
    @_never_stops
    def after_pipeline_run(self) -> None:
        """End what is open."""
        self._end_all("FINISHED")

    @hook_impl
    @_never_stops
    def on_pipeline_error(self, error: BaseException) -> None:
        """End what is open: FAILED after an error, KILLED after ctrl-C or SIGTERM."""
        self._end_all("FAILED" if isinstance(error, Exception) else "KILLED")

    def _tell(self, entry: "Entry") -> None:
        if self._delivery is None:
            assert self._begin is not None, "a context is created before a node runs"
            self._delivery = self._begin()
        self._delivery.pass_on(entry)

    def _begin_run(self, stage: "Key") -> None:
        """Open a run where it is not yet; that of a comparison or sweep before those of its arms."""
        from vip.hooks.journal import Open

        if stage in self._opened:
            return
        parent = self._parent if isinstance(stage, str) and run_of(stage) else ""
        if parent:
            self._begin_run(parent)
        parameters = measurements.flatten(self._parameters_of(stage))
        self._tell(Open(stage, _now(), " ".join(["kedro", *sys.argv[1:]]), parameters, parent))
        self._opened.add(stage)
        self._open.add(stage)
        self._log_skipped(stage)

    def _log_summary(self, parent: str, dataset_name: str, data: Any) -> None:
        """Differences as metrics of the run above the arms, the page as its artifact."""
        from vip.hooks.journal import Log

        self._begin_run(parent)
        if reader := measurements.reader_of(dataset_name):
            self._tell(Log(parent, _now(), list(reader(data))))
        elif self._delivery is not None:
            self._add_files(parent, [self._delivery.journal.keep(f"{parent}.html", data)], None)

    def _add_files(self, stage: "Key", files: "list[Path]", folder: str | None) -> None:
        from vip.hooks.journal import AddFiles

        self._tell(AddFiles(stage, [str(file) for file in files], folder))

    def _add_report(self, page: str) -> None:
        if self._delivery is not None:
            report = self._delivery.journal.keep("report.html", page)
            for stage in sorted(self._opened, key=str):
                self._add_files(stage, [report], None)

    def _end(self, stage: "Key", status: "Literal['FINISHED', 'FAILED', 'KILLED']") -> None:
        from vip.hooks.journal import End

        if stage in self._open:
            self._tell(End(stage, _now(), status))
            self._open.discard(stage)

    def _end_all(self, status: "Literal['FINISHED', 'FAILED', 'KILLED']") -> None:
        for stage in sorted(self._open, key=str):
            self._end(stage, status)
        if self._delivery is not None:
            self._delivery.finish()
            self._delivery = None

    def _log_skipped(self, stage: "Key") -> None:
        catalog: Any = self._catalog
        for dataset_name in self._skipped.pop(stage, []):
            self._log(stage, dataset_name, functools.partial(catalog.load, dataset_name))

    def _log(self, stage: "Key", dataset_name: str, data: "Callable[[], Any]") -> None:
        """Log one output of a stage that has a run; end the run with the last one."""
        from vip.hooks.journal import Log

        namespace, _, name = dataset_name.rpartition(".")
        if reader := measurements.reader_of(name):
            found = list(reader(data()))
            if isinstance(stage, str) and run_of(stage):
                found = [each._replace(name=f"{namespace[len(stage) + 1 :]}.{each.name}") for each in found]
            self._tell(Log(stage, _now(), found))
        if name in ("student_evaluation_clips", "evaluation_clips"):
            self._add_files(stage, self._sample_clips(dataset_name), "clips")
        if name == "page" and self._delivery is not None:
            self._add_files(stage, [self._delivery.journal.keep(f"{stage}.html", data())], None)
        self._left[stage].discard(dataset_name)
        if not self._left[stage]:
            self._end(stage, "FINISHED")

    def _parameters_of(self, stage: "Key") -> dict[str, Any]:
        if stage in PARENTS:
            return {str(stage): self._parameters.get(str(stage), {})}
        number = stage if isinstance(stage, int) else 0
        of_others = {*PARENTS, RUNS, ALIGNMENT} - {stage}
        own = {
            key: value
            for key, value in self._parameters.items()
            if key not in of_others and (not number or stage_of(key) in (0, number))
        }
        if isinstance(stage, int):
            return {"stage": stage} | own
        run = run_of(stage)
        teacher = {"stages": 0} if run else {}
        own |= self._parameters.get(RUNS, {}).get(stage, teacher)
        told = {"arm": run[0], "seed": run[1]} if run else {}
        return told | {key: value for key, value in own.items() if stage_of(key) <= own["stages"]}

    def _sample_clips(self, dataset_name: str) -> "list[Path]":
        assert self._catalog is not None, "a catalog is created before a dataset is saved"
        clips: Any = self._catalog.get(dataset_name)
        return list(clips.files(".mp4")[:SAMPLE_CLIPS])


def _begin(settings: "Tracking", environment: str, project: Path, folder: Path) -> "Delivery":
    """A journal and its way to MLflow, which is imported then, and never by other commands."""
    from vip.hooks.delivery import Delivery
    from vip.hooks.journal import Journal

    journal = Journal.begin(folder)

    def connect() -> "StageRuns":
        from vip.hooks.stage_runs import StageRuns

        return StageRuns(settings, project, environment, folder, journal.name)

    return Delivery(journal, connect)


def _now() -> int:
    return int(time.time() * 1000)
