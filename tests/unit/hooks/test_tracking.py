"""One MLflow run a stage, its end told apart, and a failing tracker that stops nothing."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline

from vip.hooks.config import Tracking
from vip.hooks.stage_runs import StageRuns, experiment_name
from vip.hooks.tracking import StageTracking, stage_of


def make_it(*inputs: object) -> object:
    return inputs


COSTS = pd.DataFrame({"model": ["student"], "parameters": [2]})
PARAMETERS = {"stages": 2, "stage_1": {"budget": 1}, "stage_2": {"budget": 3}, "evaluation": {"seed": 0}}


def stage(number: int):
    steps = [
        node(make_it, "scores", "costs", name="costs"),
        node(make_it, "costs", "metrics", name="metrics"),
    ]
    return pipeline(steps, namespace=f"stage_{number}", inputs={"scores": "scores"})


class RecordedRuns:
    """What a tracker was asked to do, in order."""

    def __init__(self, *_settings, fail: bool = False) -> None:
        self.events: list[tuple] = []
        self.fail = fail

    def open(self, number, parameters):
        if self.fail:
            raise ConnectionError("no server\nat all")
        self.events.append(("open", number, parameters))

    def is_known(self, number):
        return any(event[:2] == ("open", number) for event in self.events)

    def log(self, number, measurements):
        self.events.append(("log", number, list(measurements)))

    def add_text_everywhere(self, text, name):
        self.events.append(("text", text, name))

    def end(self, status, number=None):
        self.events.append(("end", status, number))


@pytest.fixture
def runs(monkeypatch):
    recorded = RecordedRuns()
    monkeypatch.setattr("vip.hooks.stage_runs.StageRuns", lambda *_: recorded)
    return recorded


def begin(both_stages, **tracking) -> StageTracking:
    hook = StageTracking()
    loader = {"parameters": PARAMETERS | {"tracking": tracking}, "globals": {}}
    hook.after_context_created(
        SimpleNamespace(config_loader=loader, project_path=Path("project"), env="tiny")
    )
    hook.before_pipeline_run(both_stages, DataCatalog())
    return hook


def test_a_stage_is_opened_by_its_first_node_and_ended_by_its_last_output(runs):
    both = stage(1) + stage(2)
    hook = begin(both)
    hook.before_node_run(both.nodes[0])
    hook.before_node_run(both.nodes[0])
    hook.after_dataset_saved("stage_1.costs", COSTS)
    hook.after_dataset_saved("stage_1.metrics", COSTS.assign(dimension="average", mean=3.0))
    opened, costs, metrics, ended = runs.events
    assert opened[:2] == ("open", 1)
    assert costs == ("log", 1, [("student.parameters", 2.0, 0)])
    assert metrics == ("log", 1, [("student.average", 3.0, 0)])
    assert ended == ("end", "FINISHED", 1)


def test_what_a_stage_need_not_make_again_belongs_to_its_run(runs):
    costs, metrics = stage(1).nodes
    hook = begin(stage(1))
    catalog = DataCatalog()
    catalog["stage_1.costs"] = COSTS
    hook.before_pipeline_run(stage(1), catalog)
    hook.after_node_skipped(costs)
    assert runs.events == []
    hook.before_node_run(metrics)
    hook.after_dataset_saved("stage_1.metrics", COSTS.assign(dimension="average", mean=3.0))
    opened, logged, measured, ended = runs.events
    assert opened[:2] == ("open", 1)
    assert logged == ("log", 1, [("student.parameters", 2.0, 0)])
    assert measured == ("log", 1, [("student.average", 3.0, 0)])
    assert ended == ("end", "FINISHED", 1)


def test_a_stage_that_is_up_to_date_has_no_new_run(runs):
    hook = begin(stage(1))
    for each in stage(1).nodes:
        hook.after_node_skipped(each)
    hook.after_pipeline_run()
    assert runs.events == []


def test_a_stage_knows_its_own_parameters_and_not_another_stages(runs):
    both = stage(1) + stage(2)
    begin(both).before_node_run(stage(2).nodes[0])
    assert runs.events[0][2] == {
        "stage": "2",
        "stages": "2",
        "stage_2.budget": "3",
        "evaluation.seed": "0",
        "environment": "tiny",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("bug"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_failed_and_killed_are_told_apart(runs, error, status):
    hook = begin(stage(1))
    hook.before_node_run(stage(1).nodes[0])
    hook.on_pipeline_error(error)
    assert runs.events[-1] == ("end", status, None)


def test_the_report_goes_to_every_run(runs):
    hook = begin(stage(1))
    hook.before_node_run(stage(1).nodes[0])
    hook.after_dataset_saved("report", "<html>")
    assert runs.events[-1] == ("text", "<html>", "report.html")


def test_a_failing_tracker_is_told_once_and_stops_nothing(runs, caplog):
    runs.fail = True
    hook = begin(stage(1))
    with caplog.at_level(logging.WARNING):
        hook.before_node_run(stage(1).nodes[0])
        hook.after_dataset_saved("stage_1.costs", COSTS)
        hook.after_pipeline_run()
    assert caplog.messages == ["MLflow fails, so this run is not tracked: ConnectionError: no server"]


@pytest.mark.parametrize(("tracking", "rank"), [({"enabled": False}, "0"), ({}, "1")])
def test_switched_off_or_on_another_process_nothing_is_tracked(runs, monkeypatch, tracking, rank):
    monkeypatch.setenv("RANK", rank)
    hook = begin(stage(1), **tracking)
    hook.before_node_run(stage(1).nodes[0])
    hook.after_pipeline_run()
    assert runs.events == []


@pytest.mark.parametrize(
    ("namespace", "number"),
    [(None, 0), ("", 0), ("stage_2", 2), ("stage_12.inner", 12), ("stage_x", 0), ("other_1", 0)],
)
def test_the_number_of_a_namespace(namespace, number):
    assert stage_of(namespace) == number


@pytest.mark.parametrize(
    ("environment", "name"), [("base", "vip"), ("local", "vip"), ("videocrafter2", "vip-videocrafter2")]
)
def test_each_environment_has_its_experiment(environment, name):
    assert experiment_name(environment) == name


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow uses SQLAlchemy's old ways
def test_mlflow_keeps_runs_and_buries_the_dead(tmp_path):
    from mlflow import MlflowClient

    folder = tmp_path / "data"
    dead = StageRuns(Tracking(), tmp_path, "tiny", folder)
    dead.open(1, {"stage": "1"})
    living = StageRuns(Tracking(), tmp_path, "tiny", folder)
    living.open(2, {"stage": "2", "long": "x" * 10_000})
    living.log(2, [])
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    living.add_files(2, [tmp_path / "clip.mp4"], "clips")
    living.add_text_everywhere("<html>", "report.html")
    living.end("FINISHED")

    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("vip-tiny")
    found = {run.data.params["stage"]: run for run in client.search_runs([experiment.experiment_id])}
    assert {number: run.info.status for number, run in found.items()} == {"1": "KILLED", "2": "FINISHED"}
    artifacts = client.list_artifacts(found["2"].info.run_id)
    assert sorted(artifact.path for artifact in artifacts) == ["clips", "report.html"]
