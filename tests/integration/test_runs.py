"""The literal commands, in a fresh project folder: the chain, stage by stage, resumed, refused."""

import os
import re
import signal
import sqlite3
import time

import pytest

from vip.hooks.lock import FolderLock

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("integration")]

MEASURED = (
    "costs.csv",
    ".costs.json",
    "provenance/report.json",
    "provenance/results.json",
    "08_reporting",
    "mlruns",
    "mlflow.db",
    ".viz",
    ".lock",
    ".tracking",
    "/clips/",
    "/reference/",
    "checkpoints",
)
"""What holds times of the clock, records of such files, or what the seals of other files vouch for."""


def results(project) -> dict[str, bytes]:
    """What a run made that must be the same however it was run."""
    made = project.files("data/test")
    return {path: content for path, content in made.items() if not any(word in path for word in MEASURED)}


def test_the_chain_makes_students_a_report_and_a_summary(chain):
    project, told = chain
    made = project.files("data/test")
    for number in (1, 2):
        assert f"data/test/06_models/stage_{number}/student/model_index.json" in made
        assert f"data/test/07_model_output/stage_{number}/metrics.csv" in made
    assert b"<html" in made["data/test/08_reporting/report.html"]
    assert re.search(r"^stage +model", told, re.MULTILINE)
    assert "data/test/08_reporting/report.html" in told
    assert "kedro viz run" in told
    assert "mlflow ui" in told


def test_each_stage_is_a_finished_run_of_mlflow(chain):
    project, _ = chain
    with sqlite3.connect(project.path / "mlflow.db") as database:
        runs = database.execute(
            "select params.value, runs.status, runs.run_uuid from runs"
            " join params using (run_uuid) where params.key = 'stage' order by params.value"
        ).fetchall()
        names = {row[0] for row in database.execute("select distinct key from metrics")}
    assert [run[:2] for run in runs] == [("1", "FINISHED"), ("2", "FINISHED")]
    assert {
        "student.average",
        "student.average.versus_pruned.low",
        "student.parameters",
        "training.loss",
    } <= names
    artifacts = list((project.path / "mlruns").rglob("*.*"))
    assert sum(path.name == "report.html" for path in artifacts) == 2
    assert any(path.suffix == ".mp4" for path in artifacts)


def test_stage_by_stage_is_the_chain_byte_for_byte(chain, project):
    untracked = "tracking.enabled=false"
    project.kedro("run", "--env=test", "--pipeline=stage", f"--params=stage:1,{untracked}")
    assert not (project.path / "data/test/06_models/stage_2").exists()
    project.kedro("run", "--env=test", "--pipelines=stage", f"--params=stage=2,{untracked}")
    project.kedro("run", "--env=test", "--pipeline=reporting", f"--params={untracked}")
    assert results(project) == results(chain[0])
    assert (project.path / "data/test/08_reporting/report.html").is_file()
    assert not (project.path / "mlflow.db").exists()


def test_killed_and_continued_is_the_chain_byte_for_byte(chain, project):
    process = project.start("run", "--env=test")
    wait_for(project.path / "data/test/05_model_input/stage_1/pairs.csv", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    items = item_times(project)
    assert items
    project.kedro("run", "--env=test")
    assert item_times(project).items() >= items.items(), "no finished item is made again"
    assert results(project) == results(chain[0])
    with sqlite3.connect(project.path / "mlflow.db") as database:
        states = sorted(row[0] for row in database.execute("select status from runs"))
    assert states == ["FINISHED", "FINISHED", "KILLED"]


def test_ended_by_signal_a_run_is_killed_and_the_folder_free(project):
    process = project.start("run", "--env=test")
    wait_for(project.path / "data/test/03_primary/stage_1/candidate_clips.parquet", process)
    process.terminate()
    told, _ = process.communicate()
    assert process.returncode == 128 + signal.SIGTERM, told
    with sqlite3.connect(project.path / "mlflow.db") as database:
        assert [row[0] for row in database.execute("select status from runs")] == ["KILLED"]
    assert not (project.path / "data/test/.lock.json").exists()


def test_native_options_choose_parts_of_a_finished_chain(chain):
    project, _ = chain
    before = results(project)
    for arguments in (
        ["--only-missing-outputs"],
        ["--namespaces=stage_2", "--tags=pair_curation"],
        ["--from-nodes=stage_2.metrics"],
        ["--nodes=stage_1.pairs"],
        ["--pipelines=scoring,pair_curation", "--params=stage:1"],
    ):
        told = project.kedro("run", "--env=test", *arguments)
        assert told.stderr == "" or "Error" not in told.stderr
    assert results(project) == before


def test_a_second_run_is_refused_at_once(chain):
    project, _ = chain
    lock = FolderLock(project.path / "data" / "test")
    lock.acquire()
    try:
        told = project.kedro("run", "--env=test", check=False)
    finally:
        lock.release()
    assert told.returncode == 1
    assert f"in use by process {os.getpid()}" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--pipeline=stage", "--params=stage:0"], "stage is 0, but this project has stages 1 to 2"),
        (["--pipeline=stage", "--params=stage:two"], "stage is 'two', but this project has stages 1 to 2"),
        (["--pipeline=stage", "--params=stage:3"], "stage is 3, but this project has stages 1 to 2"),
        (["--pipeline=stage", "--params=stage:2"], "stage_1.student is missing .*--params=stage:1"),
        (["--pipeline=stagee"], "there is no pipeline stagee; did you mean stage?"),
        (["--params=redpo_trainin.beta=1,evaluation.seed=-1"], "2 parameters .*did you mean redpo_training?"),
        (["--from-nodes=nothing"], "nothing"),
        (["--env=nowhere"], "conf/nowhere"),
    ],
)
def test_what_cannot_run_is_refused_in_one_line_and_changes_nothing(project, arguments, reason):
    before = project.files()
    told = project.kedro(
        "run", *(arguments if "--env=nowhere" in arguments else ["--env=test", *arguments]), check=False
    )
    assert told.returncode == 1
    assert re.fullmatch(f"Error: .*{reason}.*\n", told.stderr), told.stderr
    assert project.files() == before


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda raw: (raw / "raw_prompts.csv").unlink(), "raw_prompts is missing at .*raw_prompts.csv"),
        (
            lambda raw: (raw / "raw_prompts.csv").write_text("caption\na circle\n"),
            "raw_prompts has no column 'prompt', it has caption",
        ),
        (
            lambda raw: (raw / "raw_prompts.csv").write_bytes(b"prompt\ncaf\xe9 at noon\n"),
            "raw_prompts.csv is not UTF-8",
        ),
        (lambda raw: next(raw.rglob("diffusion_pytorch_model.safetensors")).write_bytes(b"torn"), "teacher"),
    ],
    ids=["missing file", "missing column", "not UTF-8", "torn weights"],
)
def test_damaged_input_is_refused_in_one_line(project, damage, reason):
    damage(project.path / "data" / "01_raw")
    told = project.kedro("run", "--env=test", "--params=tracking.enabled=false", check=False)
    assert told.returncode == 1
    errors = [line for line in told.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, told.stderr
    assert re.search(reason, errors[0]), errors[0]
    assert "Traceback" not in told.stderr


def test_as_many_stages_as_asked_for_are_listed(project):
    parameters = project.path / "conf" / "test" / "parameters.yml"
    parameters.write_text(f"stages: 3\n{parameters.read_text()}")
    told = project.kedro("registry", "list", KEDRO_ENV="test").stdout
    assert "stage_3" in told
    assert "stage_4" not in told


def test_kedro_viz_builds(chain):
    project, _ = chain
    project.kedro("viz", "build", KEDRO_ENV="test")
    assert (project.path / "build" / "index.html").is_file()


def item_times(project) -> dict[str, int]:
    """When each finished item was written."""
    seals = (project.path / "data" / "test").rglob("*.sha256")
    kept = [path for path in seals if path.parent.name in ("clips", "score_items", "judgements")]
    return {path.name: path.stat().st_mtime_ns for path in kept}


def wait_for(path, process, seconds: float = 300.0) -> None:
    """Until a file is there; fails where the process ends before."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"{path} did not come"
        time.sleep(0.05)
