"""What MLflow has in the end, whatever its tracker went through."""

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vip.hooks.config import Tracking
from vip.hooks.delivery import Delivery, deliver
from vip.hooks.journal import AddFiles, End, Journal, Log, Open, journals_in
from vip.hooks.measurements import Measurement
from vip.hooks.stage_runs import JOURNAL_TAG, StageRuns

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("mlflow"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow uses SQLAlchemy's old ways
]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A project folder whose MLflow database is there already: making it takes seconds."""
    folder = tmp_path_factory.mktemp("project")
    StageRuns(Tracking(), folder, "tiny", folder / "other", "none")
    return folder


@pytest.fixture
def data(tmp_path) -> Path:
    return tmp_path / "data"


def runs_of(project: Path, data: Path, journal: str, **tracking) -> StageRuns:
    return StageRuns(Tracking(**tracking), project, "tiny", data, journal)


def story(data: Path) -> list:
    """The entries of a stage that finished, and of one that was killed."""
    data.mkdir(exist_ok=True)
    (data / "clip.mp4").write_bytes(b"clip")
    numbers = [Measurement(f"training.loss_{number % 3}", 1 / (number + 1), number) for number in range(1500)]
    return [
        Open(1, 1_000, "kedro run", {"stage": "1", "long": "x" * 10_000}),
        Log(1, 2_000, numbers),
        AddFiles(1, [str(data / "clip.mp4")], "clips"),
        End(1, 3_000, "FINISHED"),
        Open(2, 4_000, "kedro run", {"stage": "2"}),
        Log(2, 5_000, [Measurement("student.average", 3.5)]),
    ]


def told(project: Path, journal: str) -> dict:
    """All that MLflow has of a journal: status, times, parameters, numbers and artifacts of each stage."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vip-tiny")
    found = client.search_runs([experiment.experiment_id], f"tags.`{JOURNAL_TAG}` = '{journal}'")
    return {
        run.data.params["stage"]: (
            (run.info.status, run.info.start_time, run.info.end_time),
            {name: len(value) for name, value in run.data.params.items()},
            {
                name: [
                    (number.timestamp, number.step, number.value)
                    for number in client.get_metric_history(run.info.run_id, name)
                ]
                for name in run.data.metrics
            },
            [artifact.path for artifact in client.list_artifacts(run.info.run_id)],
        )
        for run in found
    }


def test_a_journal_may_be_taken_again_from_wherever_it_was_left(project, data):
    journal = Journal.begin(data)
    for entry in story(data):
        journal.write(entry)
    live = runs_of(project, data, journal.name)
    for entry in journal.entries()[:3]:
        live.take(entry)
    again = Journal(journal.path)
    for _ in range(2):
        for entry in again.entries():
            runs_of(project, data, journal.name).take(entry)
    first, second = (told(project, journal.name)[stage] for stage in "12")
    assert first[0] == ("FINISHED", 1_000, 3_000)
    assert second[0] == ("KILLED", 4_000, 5_000)
    assert first[1] == {"stage": 1, "long": 6_000}
    assert {name: len(history) for name, history in first[2].items()} == {
        f"training.loss_{number}": 500 for number in range(3)
    }
    assert second[2] == {"student.average": [(5_000, 0, 3.5)]}
    assert first[3] == ["clips"]
    deliver(again, runs_of(project, data, journal.name))
    assert journals_in(data) == []


def test_a_file_that_is_gone_is_told_and_the_rest_logged(project, data, caplog):
    runs = runs_of(project, data, "gone")
    runs.take(Open(1, 1_000, "kedro run", {"stage": "1"}))
    with caplog.at_level(logging.WARNING):
        runs.take(AddFiles(1, [str(data / "gone.mp4")], "clips"))
    assert "gone.mp4 is gone" in caplog.text
    runs.take(End(1, 2_000, "FINISHED"))
    assert told(project, "gone")["1"][0][0] == "FINISHED"


def test_a_run_that_was_killed_is_buried_by_the_next(project, data):
    runs_of(project, data, "dead").take(Open(1, 1_000, "kedro run", {"stage": "1"}))
    runs_of(project, data / "elsewhere", "other")
    assert told(project, "dead")["1"][0][0] == "RUNNING"
    runs_of(project, data, "next")
    assert told(project, "dead")["1"][0][0] == "KILLED"


def comparison_of(project: Path, data: Path, journal: str, **parameters: str) -> str:
    """The run above an arm that a command of that journal tells of; it ends well."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{project / 'mlflow.db'}")
    runs = runs_of(project, data, journal)
    runs.take(Open("comparison", 1_000, f"kedro run {journal}", parameters, continues=True))
    runs.take(Open("sft_seed_0", 1_000, "kedro run", {}, "comparison"))
    experiment = client.get_experiment_by_name("vip-tiny")
    (arm,) = client.search_runs(
        [experiment.experiment_id], f"tags.`{JOURNAL_TAG}` = '{journal}' and tags.`vip.stage` = 'sft_seed_0'"
    )
    parent = str(arm.data.tags["mlflow.parentRunId"])
    assert client.get_run(parent).info.status == "RUNNING"
    assert client.get_run(parent).data.tags["command"] == f"kedro run {journal}"
    for name in ("sft_seed_0", "comparison"):
        runs.take(End(name, 2_000, "FINISHED"))
    assert client.get_run(parent).info.status == "FINISHED"
    return parent


def test_commands_of_one_comparison_are_one_run_until_it_is_another_comparison(project, data):
    first = comparison_of(project, data, "c1", candidate="redpo")
    assert comparison_of(project, data, "c2", candidate="redpo", another="new") == first
    assert comparison_of(project, data, "c2", candidate="redpo", another="new") == first, "taken again"
    other = comparison_of(project, data, "c3", candidate="sft")
    assert other != first
    assert comparison_of(project, data, "c4", candidate="sft") == other
    assert comparison_of(project, data, "c6", candidate="redpo", another="new") == first
    assert comparison_of(project, data / "elsewhere", "c5", candidate="sft") not in (first, other)


@pytest.fixture
def dead_port() -> Iterator[str]:
    """The address of a port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a server that takes every request and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def dying() -> Iterator[str]:
    """The address of an MLflow server that makes a stage's run and then is gone."""

    class Dying(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"experiment": {"experiment_id": "7", "name": "vip-tiny"}})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("runs/search"):
                self._answer({})
            elif self.path.endswith("runs/create"):
                self._answer({"run": {"info": {"run_id": "r", "run_uuid": "r", "experiment_id": "7"}}})
            else:
                self.close_connection = True
                threading.Thread(target=server.shutdown).start()

        def _answer(self, value: object) -> None:
            content = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Dying)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("tracker", ["dead_port", "hanging", "dying"])
def test_a_tracker_that_fails_holds_nobody_up_and_what_it_missed_is_logged_afterwards(
    tracker, project, data, request, monkeypatch, caplog
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = request.getfixturevalue(tracker)
    journal = Journal.begin(data)
    entries = story(data)
    delivery = Delivery(
        journal, lambda: runs_of(project, data, journal.name, uri=uri), while_running=0.5, at_the_end=0.5
    )
    begun = time.monotonic()
    with caplog.at_level(logging.WARNING):
        for entry in entries:
            delivery.pass_on(entry)
        delivery.finish()
    assert time.monotonic() - begun < 5, "1 s of waiting, and some for the journal"
    assert [message for message in caplog.messages if "`kedro track` logs it later" in message]

    (left,) = journals_in(data)
    deliver(left, runs_of(project, data, left.name))
    healthy = Journal.begin(data)
    for entry in entries:
        healthy.write(entry)
    deliver(healthy, runs_of(project, data, healthy.name))
    assert told(project, left.name) == told(project, healthy.name)
    assert journals_in(data) == []
