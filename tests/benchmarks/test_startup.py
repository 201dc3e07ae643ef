"""What this project adds to the start of a `kedro` command, as a ratio within one run."""

import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 3.0


def processor_seconds(*arguments: str) -> float:
    """The least processor time of three runs of `kedro <arguments>` in the project folder."""
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "kedro", *arguments], cwd=ROOT, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_listing_all_pipelines_costs_little_more_than_kedros_own_start():
    assert processor_seconds("registry", "list") < LIMIT * processor_seconds("--version")
