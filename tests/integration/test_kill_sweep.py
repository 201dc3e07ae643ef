"""Killed at any named point or at any moment, the same command continues and ends with the same bytes."""

import random
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.integration import sweep
from tests.integration.sweep import Uninterrupted

from vip.faults import POINTS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kill_sweep")]

NOT_OF_A_STAGE = {"videos.write.inside"}
"""Points that only `kedro run --pipeline=vbench` passes; the contract of datasets dies there."""
REPRESENTATIVE = {"checkpoint.save.before_rename"}
"""Where the ordinary suite kills a stage; its contracts and unit tests kill at all points, but no stage."""
SEEDS = range(10)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    """The stage, uninterrupted."""
    return sweep.run_through(tmp_path_factory.mktemp("whole"))


def test_a_stage_passes_every_point(whole: Uninterrupted) -> None:
    assert set(whole.passed) == set(POINTS) - NOT_OF_A_STAGE


def points() -> list[object]:
    """Every point; those that stand for the others in the ordinary suite come without the mark."""
    swept = sorted(set(POINTS) - NOT_OF_A_STAGE)
    marks = {point: () if point in REPRESENTATIVE else (pytest.mark.sweep,) for point in swept}
    return [pytest.param(point, marks=marks[point]) for point in swept]


@pytest.mark.parametrize("point", points())
def test_killed_at_a_point_a_stage_continues(point: str, whole: Uninterrupted, tmp_path: Path) -> None:
    """The passing in the middle: something is finished already, and something is still to do."""
    project = sweep.fresh(tmp_path / "project")
    passing = (Counter(whole.passed)[point] + 1) // 2
    told = sweep.run_stage(project, fault=f"kill:{point}:{passing}")
    assert told.returncode == -signal.SIGKILL, told.text
    sweep.assert_continues(project, whole)


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the stage takes in a process that has to import everything."""
    project, begun = sweep.fresh(tmp_path_factory.mktemp("timed") / "project"), time.monotonic()
    project.run(*sweep.STAGE, sweep.PARAMETERS)
    return time.monotonic() - begun


@pytest.mark.sweep
@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_a_stage_continues(
    seed: int, seconds: float, whole: Uninterrupted, tmp_path: Path
) -> None:
    project = sweep.fresh(tmp_path / "project")
    process = project.start(*sweep.STAGE, sweep.PARAMETERS)
    time.sleep(random.Random(seed).uniform(0.1, 1.0) * seconds)
    process.kill()
    process.communicate()
    sweep.assert_continues(project, whole)


@pytest.mark.parametrize(
    ("what", "code"),
    [
        pytest.param("interrupt", 128 + signal.SIGINT, marks=pytest.mark.sweep),
        ("terminate", 128 + signal.SIGTERM),
    ],
)
def test_stopped_in_training_it_saves_says_how_to_go_on_and_loses_no_step(
    what: str, code: int, whole: Uninterrupted, tmp_path: Path
) -> None:
    """Between regular checkpoints, and in the midst of moving weights."""
    project = sweep.fresh(tmp_path / "project")
    rarely = f"{sweep.TRACKED},redpo_training.checkpoint_every=1000"
    told = sweep.run_stage(project, fault=f"{what}:training.step.updated:2", parameters=rarely)
    assert told.returncode == code, told.text
    assert "training was stopped after step 2, which is in a checkpoint" in told.text
    assert "Stopped. The same command continues where it was." in told.text
    assert "Traceback" not in told.text
    assert sweep.checkpointed_steps(project) == 2
    with sqlite3.connect(project.path / "mlflow.db") as database:
        assert database.execute("select status from runs").fetchall() == [("KILLED",)]
    told = sweep.run_stage(project, parameters=f"{rarely},tracking.enabled=false")
    assert "training continues after step 2" in told.text
    student = {name: content for name, content in whole.files.items() if "/student/" in name}
    assert student
    assert student.items() <= sweep.comparable(project).items()


@pytest.mark.sweep
@pytest.mark.parametrize(
    "point", ["file.write.inside", "checkpoint.save.before_marker", "weights.write.before"]
)
def test_a_full_disk_is_told_in_one_line_and_the_run_goes_on_once_there_is_room(
    point: str, whole: Uninterrupted, tmp_path: Path
) -> None:
    project = sweep.fresh(tmp_path / "project")
    passing = (Counter(whole.passed)[point] + 1) // 2
    told = sweep.run_stage(project, fault=f"full:{point}:{passing}")
    assert told.returncode == 1, told.text
    errors = [line for line in told.text.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, told.text
    assert "No space left on device" in errors[0]
    assert "run the same command again" in errors[0]
    assert "Traceback" not in told.text
    sweep.assert_continues(project, whole)
