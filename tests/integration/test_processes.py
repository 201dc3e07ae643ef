"""Several processes, by torchrun or side by side: the same results, one voice, no hang where one dies."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("integration")]

STAGE_ONE = ("run", "--env=test", "--pipeline=stage", "--params=stage:1", "--to-nodes=stage_1.student")
SHARED = ("03_primary/clips", "04_feature", "05_model_input/stage_1", "06_models/stage_1/student")
"""Clips, scores, pairs, reference predictions and the student: the same bytes whoever makes them."""


def start(project, count: int) -> subprocess.Popen[str]:
    """Begin stage 1 in so many processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    return subprocess.Popen(
        [*launcher, "-m", "kedro", *STAGE_ONE],
        cwd=project.path,
        env=project.environment(GLOO_SOCKET_IFNAME="lo"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_side_by_side(project, count: int) -> subprocess.Popen[str]:
    """Begin stage 1 with nodes side by side."""
    return project.start(*STAGE_ONE, f"--processes={count}")


def of_stage_one(project) -> dict[str, bytes]:
    made = project.files("data/test")
    return {path: content for path, content in made.items() if any(part in path for part in SHARED)}


@pytest.mark.parametrize("begin", [start, start_side_by_side])
def test_two_processes_make_what_one_makes(chain, project, begin):
    process = begin(project, 2)
    told, _ = process.communicate(timeout=500)
    assert process.returncode == 0, told
    assert told.count("] stage 1: pruned clips\n") == 1, "one of them speaks"
    whole, made = of_stage_one(chain[0]), of_stage_one(project)
    assert made.items() <= whole.items()
    for part in ("pairs.csv", "student"):
        assert any(part in path for path in made), f"no {part} among {sorted(made)}"
    with sqlite3.connect(project.path / "mlflow.db") as database:
        assert [row[0] for row in database.execute("select status from runs")] == ["FINISHED"]


def test_a_process_that_dies_ends_the_job_and_another_number_of_them_goes_on(chain, project):
    process = start(project, 2)
    clips = project.path / "data/test/03_primary/stage_1/candidate_clips.parquet"
    deadline = time.monotonic() + 300
    while not clips.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(second_process(process.pid), signal.SIGKILL)
    told, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "SIGKILL" in told
    assert not (project.path / "data/test/.lock.json").exists()
    project.kedro(*STAGE_ONE)
    assert of_stage_one(project).items() <= of_stage_one(chain[0]).items()


def second_process(launcher: int) -> int:
    """The process of number 1 among a launcher's children."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    (second,) = (each for each in children if b"\0RANK=1\0" in Path(f"/proc/{each}/environ").read_bytes())
    return int(second)
