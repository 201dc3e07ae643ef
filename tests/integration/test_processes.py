"""The literal command under torchrun: the same results, one voice, and no hang where a process dies."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("integration")]

STAGE_ONE = ("run", "--env=test", "--pipeline=stage", "--to-nodes=stage_1.student")
PAPERS_RATE = "--params=stage:1,redpo_training.learning_rate=6e-6"
"""Adam turns the rounding of gradients near zero into steps, which are as long as the learning rate."""
OWN_RATE = "--params=stage:1"
SHARED = ("03_primary/clips", "04_feature", "05_model_input/stage_1")
"""Clips, scores, pairs and reference predictions: the same bytes whoever makes them."""


def start(project, count: int, parameters: str) -> subprocess.Popen[str]:
    """Begin stage 1 in so many processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    return subprocess.Popen(
        [*launcher, "-m", "kedro", *STAGE_ONE, parameters],
        cwd=project.path,
        env=project.environment(GLOO_SOCKET_IFNAME="lo"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def student(project) -> dict[str, torch.Tensor]:
    folder = project.path / "data/test/06_models/stage_1/student"
    return {f.name + n: t for f in sorted(folder.rglob("*.safetensors")) for n, t in load_file(f).items()}


def of_stage_one(project) -> dict[str, bytes]:
    made = project.files("data/test")
    return {path: content for path, content in made.items() if any(part in path for part in SHARED)}


def test_two_processes_make_what_one_makes(chain, project):
    process = start(project, 2, PAPERS_RATE)
    told, _ = process.communicate(timeout=500)
    assert process.returncode == 0, told
    assert told.count("stage 1: pruned clips") == 1, "only process 0 speaks"
    whole, made = of_stage_one(chain[0]), of_stage_one(project)
    assert made.items() <= whole.items()
    assert any("pairs.csv" in path for path in made)
    with sqlite3.connect(project.path / "mlflow.db") as database:
        assert [row[0] for row in database.execute("select status from runs")] == ["FINISHED"]
    together = student(project)
    for name in ("student", "checkpoints"):
        shutil.rmtree(project.path / "data/test/06_models/stage_1" / name)
    project.kedro(*STAGE_ONE, PAPERS_RATE)
    alone = student(project)
    assert together.keys() == alone.keys()
    for name, weight in alone.items():
        torch.testing.assert_close(together[name], weight, rtol=0, atol=1e-6)


def test_a_process_that_dies_ends_the_job_and_another_number_of_them_goes_on(chain, project):
    process = start(project, 2, OWN_RATE)
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
    project.kedro(*STAGE_ONE, OWN_RATE)
    for name, weight in student(chain[0]).items():
        assert torch.equal(student(project)[name], weight)


def second_process(launcher: int) -> int:
    """The process of number 1 among a launcher's children."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    (second,) = (each for each in children if b"\0RANK=1\0" in Path(f"/proc/{each}/environ").read_bytes())
    return int(second)
