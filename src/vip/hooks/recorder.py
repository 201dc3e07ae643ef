"""What MLflow is told of a command: a run a stage or alignment, one an arm and seed below a comparison's."""

import functools
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vip.hooks.delivery import Delivery
from vip.hooks.journal import AddFiles, End, Entry, Key, Log, Open
from vip.hooks.measurements import flatten, reader_of
from vip.pipelines.alignment.run_parameters import ALIGNMENT
from vip.pipelines.comparison.arms import run_of
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.namespaces import key_of, stage_of

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node

PARENTS = ("comparison", "sweep")
"""Runs above those of arms: the pipeline, its nodes' tag, the block of parameters that says what they are."""
OF_COMMAND = ("only", "seeds")
"""What says how much of a comparison or sweep a command runs, and nothing of what it is."""
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
Status = Literal["FINISHED", "FAILED", "KILLED"]


class Recorder:
    """Opens a stage's run when it begins, and ends it when its last output is saved."""

    def __init__(
        self,
        pipeline: "Pipeline",
        catalog: "DataCatalog",
        parameters: Mapping[str, Any],
        begin: Callable[[], Delivery],
    ) -> None:
        """`begin` makes the way to MLflow when there is something to tell."""
        self._catalog: Any = catalog
        self._parameters = parameters
        self._begin = begin
        tags = {tag for node in pipeline.nodes for tag in node.tags}
        self._parent = next((parent for parent in PARENTS if parent in tags), PARENTS[0])
        self._delivery: Delivery | None = None
        self._opened: set[Key] = set()
        self._open: set[Key] = set()
        self._left: dict[Key, set[str]] = {}
        self._skipped: dict[Key, list[str]] = {}
        for node in pipeline.nodes:
            if stage := key_of(node.namespace):
                self._left.setdefault(stage, set()).update(node.outputs)

    def begin(self, namespace: str | None) -> None:
        """Open the run of a namespace, if it has one that is not yet open."""
        if stage := key_of(namespace):
            self._begin_run(stage)

    def skip(self, node: "Node") -> None:
        """Take what is there already for part of its stage's run, should that run begin."""
        stage = key_of(node.namespace)
        self._skipped.setdefault(stage, []).extend(node.outputs)
        if stage in self._opened:
            self._log_skipped(stage)

    def saved(self, dataset_name: str, data: Any) -> None:
        """Log what a stage measured; end its run with its last output."""
        if dataset_name == "report":
            self._add_report(data)
        if parent := OF_PARENTS.get(dataset_name):
            self._log_summary(parent, dataset_name, data)
        stage = key_of(dataset_name.rpartition(".")[0])
        if stage in self._opened:
            self._log(stage, dataset_name, lambda: data)

    def end_all(self, status: Status) -> None:
        """End what is open."""
        for stage in sorted(self._open, key=str):
            self._end(stage, status)
        if self._delivery is not None:
            self._delivery.finish()
            self._delivery = None

    def _tell(self, entry: Entry) -> None:
        if self._delivery is None:
            self._delivery = self._begin()
        self._delivery.pass_on(entry)

    def _begin_run(self, stage: Key) -> None:
        """Open a run where it is not yet; that of a comparison or sweep before those of its arms."""
        if stage in self._opened:
            return
        parent = self._parent if isinstance(stage, str) and run_of(stage) else ""
        if parent:
            self._begin_run(parent)
        parameters = flatten(parameters_of(stage, self._parameters))
        command = " ".join(["kedro", *sys.argv[1:]])
        self._tell(Open(stage, _now(), command, parameters, parent, continues=stage in PARENTS))
        self._opened.add(stage)
        self._open.add(stage)
        self._log_skipped(stage)

    def _log_summary(self, parent: str, dataset_name: str, data: Any) -> None:
        """Differences as metrics of the run above the arms, the page as its artifact."""
        self._begin_run(parent)
        if reader := reader_of(dataset_name):
            self._tell(Log(parent, _now(), list(reader(data))))
        elif self._delivery is not None:
            self._add_files(parent, [self._delivery.journal.keep(f"{parent}.html", data)], None)

    def _add_files(self, stage: Key, files: list[Path], folder: str | None) -> None:
        self._tell(AddFiles(stage, [str(file) for file in files], folder))

    def _add_report(self, page: str) -> None:
        if self._delivery is not None:
            report = self._delivery.journal.keep("report.html", page)
            for stage in sorted(self._opened, key=str):
                self._add_files(stage, [report], None)

    def _end(self, stage: Key, status: Status) -> None:
        if stage in self._open:
            self._tell(End(stage, _now(), status))
            self._open.discard(stage)

    def _log_skipped(self, stage: Key) -> None:
        for dataset_name in self._skipped.pop(stage, []):
            self._log(stage, dataset_name, functools.partial(self._catalog.load, dataset_name))

    def _log(self, stage: Key, dataset_name: str, data: Callable[[], Any]) -> None:
        """Log one output of a stage that has a run; end the run with the last one."""
        namespace, _, name = dataset_name.rpartition(".")
        if reader := reader_of(name):
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

    def _sample_clips(self, dataset_name: str) -> list[Path]:
        return list(self._catalog.get(dataset_name).files(".mp4")[:SAMPLE_CLIPS])


def parameters_of(stage: Key, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What decided a run: all parameters, with its own, and without those of other runs and other stages."""
    if stage in PARENTS:
        asked = parameters.get(str(stage), {})
        return {str(stage): {key: value for key, value in asked.items() if key not in OF_COMMAND}}
    of_others = {*PARENTS, RUNS, ALIGNMENT} - {stage}
    found = {key: value for key, value in parameters.items() if key not in of_others}
    if isinstance(stage, int):
        return {"stage": stage} | {key: found[key] for key in found if stage_of(key) in (0, stage)}
    run = run_of(stage)
    of_teacher = {"stages": 0} if run else {}
    found |= parameters.get(RUNS, {}).get(stage, of_teacher)
    told = {"arm": run[0], "seed": run[1]} if run else {}
    return told | {key: found[key] for key in found if stage_of(key) <= found["stages"]}


def _now() -> int:
    return int(time.time() * 1000)
