"""Arms and seeds side by side against one after the other, each way with all cores.

pytest -m benchmark --log-cli-level=INFO tests/benchmarks/test_side_by_side.py    (ten minutes)

How much it gains depends on the machine: on two threads of one core little, on cores of their own more.
"""

import logging
import os
import time
from pathlib import Path

import pytest
from tests.integration.conftest import make_project

logger = logging.getLogger(__name__)

ARMS = "stages=1,comparison.only=[redpo,sft],comparison.seeds=[0,1],redpo_training.epochs=2"


@pytest.mark.benchmark
def test_two_processes_take_no_longer_than_one(tmp_path: Path) -> None:
    one, two = (seconds_of(tmp_path / f"by_{count}", count) for count in (1, 2))
    logger.info("one process %.0f s, two side by side %.0f s, a ratio of %.2f", one, two, two / one)
    assert two < 1.05 * one, f"two processes took {two:.0f} s, one {one:.0f} s"


def seconds_of(folder: Path, processes: int) -> float:
    project = make_project(folder)
    cores = str(len(os.sched_getaffinity(0)))
    begun = time.monotonic()
    told = project.run(
        "run",
        "--pipeline=comparison",
        f"--params={ARMS}",
        f"--processes={processes}",
        OMP_NUM_THREADS=cores,
    )
    assert "comparison.html" in told
    return time.monotonic() - begun
