"""The MLflow runs of one command, through MLflow's client: several stages may be open at once."""

import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from vip.hooks.config import Tracking
from vip.hooks.measurements import Measurement

Entry = TypeVar("Entry")

SQLITE = "sqlite:///"
FOLDER_TAG = "vip.folder"
MAXIMUM_PARAMETERS = 100
MAXIMUM_METRICS = 1000
MAXIMUM_TEXT = 6000


class StageRuns:
    """The experiment of an environment, and this command's run of each stage in it."""

    def __init__(self, settings: Tracking, project: Path, environment: str, folder: Path) -> None:
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=_absolute(settings.uri, project))
        self._folder = f"{socket.gethostname()}:{folder}"
        self._experiment = self._find_experiment(settings.experiment or experiment_name(environment), project)
        self._runs: dict[int, str] = {}
        self._open: set[int] = set()
        self._bury_the_dead()

    def open(self, stage: int, parameters: Mapping[str, str]) -> None:
        """Begin the run of a stage."""
        tags = {
            FOLDER_TAG: self._folder,
            "command": " ".join(["kedro", *sys.argv[1:]]),
            "mlflow.source.name": "kedro run",
        }
        run = self._client.create_run(self._experiment, tags=tags, run_name=f"stage {stage}")
        self._runs[stage] = run.info.run_id
        self._open.add(stage)
        self._log_parameters(run.info.run_id, parameters)

    def is_known(self, stage: int) -> bool:
        """Whether this command has begun the stage's run."""
        return stage in self._runs

    def log(self, stage: int, measurements: Iterable[Measurement]) -> None:
        """Log numbers of a stage."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [Metric(each.name, each.value, now, each.step) for each in measurements]
        for part in _parts(metrics, MAXIMUM_METRICS):
            self._client.log_batch(self._runs[stage], metrics=part)

    def add_files(self, stage: int, files: Iterable[Path], folder: str) -> None:
        """Add files to the artifacts of a stage."""
        for file in files:
            self._client.log_artifact(self._runs[stage], str(file), folder)

    def add_text_everywhere(self, text: str, name: str) -> None:
        """Add a text to the artifacts of all stages of this command."""
        for run in self._runs.values():
            self._client.log_text(run, text, name)

    def end(self, status: str, stage: int | None = None) -> None:
        """End the run of a stage, or all that are open, as FINISHED, FAILED or KILLED."""
        for each in sorted(self._open if stage is None else self._open & {stage}):
            self._client.set_terminated(self._runs[each], status)
            self._open.discard(each)

    def _log_parameters(self, run: str, parameters: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        entries = [Param(key, value[:MAXIMUM_TEXT]) for key, value in parameters.items()]
        for part in _parts(entries, MAXIMUM_PARAMETERS):
            self._client.log_batch(run, params=part)

    def _find_experiment(self, name: str, project: Path) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(name, (project / "mlruns" / name).as_uri()))

    def _bury_the_dead(self) -> None:
        """A kill -9 leaves a run RUNNING; as this process holds the folder's lock, no other one lives."""
        query = f"attributes.status = 'RUNNING' and tags.`{FOLDER_TAG}` = '{self._folder}'"
        for run in self._client.search_runs([self._experiment], query):
            self._client.set_terminated(run.info.run_id, "KILLED")


def experiment_name(environment: str) -> str:
    """One experiment an environment: `vip`, `vip-videocrafter2`."""
    return "vip" if environment in ("", "base", "local") else f"vip-{environment}"


def _absolute(uri: str, project: Path) -> str:
    """A relative sqlite path is taken from the project folder, whatever folder the command was given in."""
    path = uri.removeprefix(SQLITE)
    if path == uri or Path(path).is_absolute():
        return uri
    return f"{SQLITE}{project / path}"


def _parts(entries: Sequence[Entry], size: int) -> Iterator[list[Entry]]:
    rest = iter(entries)
    while part := list(islice(rest, size)):
        yield part
