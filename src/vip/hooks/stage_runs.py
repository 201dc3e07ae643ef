"""The MLflow runs of one command, through MLflow's client: several stages may be open at once."""

import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, assert_never

from vip.hooks.config import Tracking
from vip.hooks.journal import AddFiles, End, Entry, Key, Log, Open

logger = logging.getLogger(__name__)

Element = TypeVar("Element")

SQLITE = "sqlite:///"
FOLDER_TAG = "vip.folder"
JOURNAL_TAG = "vip.journal"
STAGE_TAG = "vip.stage"
COMMAND_TAG = "command"
PARENT_TAG = "mlflow.parentRunId"
"""MLflow's own, by which it shows runs below another one."""
MAXIMUM_PARAMETERS = 100
MAXIMUM_METRICS = 1000
MAXIMUM_TEXT = 6000

IMPATIENT = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
"""Instead of MLflow's own 120 seconds and 7 tries; who sets these variables decides otherwise."""


class StageRuns:
    """The experiment of an environment, and a journal's run of each stage in it.

    A journal may be taken as often as one likes: its runs are found again, and what they have is not doubled.
    """

    def __init__(
        self, settings: Tracking, project: Path, environment: str, folder: Path, journal: str
    ) -> None:
        for name, value in IMPATIENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        self._client = MlflowClient(tracking_uri=_absolute(settings.uri, project))
        self._folder = f"{socket.gethostname()}:{folder}"
        self._journal = journal
        self._experiment = self._find_experiment(settings, environment, project)
        self._bury_the_dead()
        own = self._search(f"tags.`{JOURNAL_TAG}` = '{journal}'")
        self._runs = {_key(run.data.tags[STAGE_TAG]): run.info.run_id for run in own}

    def take(self, entry: Entry) -> None:
        """Log what an entry says."""
        match entry:
            case Open():
                self._open(entry)
            case Log():
                self._log(entry)
            case AddFiles():
                self._add_files(entry)
            case End():
                self._client.set_terminated(self._runs[entry.stage], entry.status, entry.time)
            case _:
                assert_never(entry)

    def _open(self, entry: Open) -> None:
        from mlflow.entities import Param

        if entry.stage not in self._runs:
            self._runs[entry.stage] = self._reopened(entry) or self._created(entry)
        parameters = [Param(key, value) for key, value in _cut(entry.parameters).items()]
        for part in _parts(parameters, MAXIMUM_PARAMETERS):
            self._client.log_batch(self._runs[entry.stage], params=part)

    def _reopened(self, entry: Open) -> str | None:
        """The run that an entry continues: the folder's newest of that name and those parameters."""
        if not entry.continues:
            return None
        name = f"tags.`{STAGE_TAG}` = '{entry.stage}' and tags.`{FOLDER_TAG}` = '{self._folder}'"
        for run in self._search(name):
            had = run.data.params
            if all(had.get(key, value) == value for key, value in _cut(entry.parameters).items()):
                self._client.update_run(run.info.run_id, status="RUNNING")
                self._client.set_tag(run.info.run_id, COMMAND_TAG, entry.command)
                return str(run.info.run_id)
        return None

    def _created(self, entry: Open) -> str:
        tags = {
            FOLDER_TAG: self._folder,
            JOURNAL_TAG: self._journal,
            STAGE_TAG: str(entry.stage),
            COMMAND_TAG: entry.command,
            "mlflow.source.name": "kedro run",
        }
        if entry.parent:
            tags[PARENT_TAG] = self._runs[entry.parent]
        name = f"stage {entry.stage}" if isinstance(entry.stage, int) else entry.stage.replace("_", " ")
        return str(self._client.create_run(self._experiment, entry.time, tags, name).info.run_id)

    def _log(self, entry: Log) -> None:
        from mlflow.entities import Metric

        metrics = [Metric(each.name, each.value, entry.time, each.step) for each in entry.measurements]
        for part in _parts(metrics, MAXIMUM_METRICS):
            self._client.log_batch(self._runs[entry.stage], metrics=part)

    def _add_files(self, entry: AddFiles) -> None:
        for file in entry.files:
            if Path(file).is_file():
                self._client.log_artifact(self._runs[entry.stage], file, entry.folder)
            else:
                logger.warning("%s is gone, so MLflow does not get it.", file)

    def _find_experiment(self, settings: Tracking, environment: str, project: Path) -> str:
        name = settings.experiment or experiment_name(environment)
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        own = settings.uri.startswith(SQLITE)  # a server says itself where its artifacts go
        return str(
            self._client.create_experiment(name, (project / "mlruns" / name).as_uri() if own else None)
        )

    def _bury_the_dead(self) -> None:
        """A kill -9 leaves a run RUNNING; as this process holds the folder's lock, no other one lives."""
        for run in self._search(f"attributes.status = 'RUNNING' and tags.`{FOLDER_TAG}` = '{self._folder}'"):
            self._client.set_terminated(run.info.run_id, "KILLED")

    def _search(self, query: str) -> list[Any]:
        return list(self._client.search_runs([self._experiment], query))


def experiment_name(environment: str) -> str:
    """One experiment an environment: `vip`, `vip-videocrafter2`."""
    return "vip" if environment in ("", "base", "local") else f"vip-{environment}"


def _key(tag: str) -> Key:
    return int(tag) if tag.isdecimal() else tag


def _absolute(uri: str, project: Path) -> str:
    """A relative sqlite path is taken from the project folder, whatever folder the command was given in."""
    path = uri.removeprefix(SQLITE)
    if path == uri or Path(path).is_absolute():
        return uri
    return f"{SQLITE}{project / path}"


def _cut(parameters: Mapping[str, str]) -> dict[str, str]:
    """The parameters as MLflow has room for them."""
    return {key: value[:MAXIMUM_TEXT] for key, value in parameters.items()}


def _parts(entries: Sequence[Element], size: int) -> Iterator[list[Element]]:
    rest = iter(entries)
    while part := list(islice(rest, size)):
        yield part
