"""Prompts by the million in bounded memory: ten times the rows, the same peak.

pytest -m benchmark --log-cli-level=INFO tests/benchmarks/test_streaming.py    (a few minutes)
"""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from tests.tiny.settings import BASE

logger = logging.getLogger(__name__)

CLEAN = """
import json, resource, sys
from vip.datasets import PromptSourceDataset
from vip.pipelines.prompt_filtering.config import PromptFiltering
from vip.pipelines.prompt_filtering.nodes import clean_prompts

stream = PromptSourceDataset(sys.argv[1], column="name").load()
prompts, counts = clean_prompts(stream, PromptFiltering(**json.loads(sys.argv[2])))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.stdout.write(f"{len(prompts)} {counts['count'].sum()} {peak}")
"""

SETTINGS = json.dumps(BASE["prompt_filtering"] | {"maximum_prompts": 20_000})


@pytest.mark.benchmark
def test_a_million_rows_take_no_more_memory_than_a_hundred_thousand(tmp_path: Path) -> None:
    small, large = (peak_of_cleaning(tmp_path / f"{rows}.csv", rows) for rows in (100_000, 1_000_000))
    logger.info("peak memory: %.0f MB for 100,000 rows, %.0f MB for 1,000,000", small / 1e3, large / 1e3)
    assert large < 1.1 * small, f"{small} kB for 100,000 rows, {large} kB for 1,000,000"


def peak_of_cleaning(path: Path, rows: int) -> int:
    """The most memory, in kB, that a process of its own held which drew 20,000 prompts of so many rows."""
    with path.open("w", encoding="utf-8") as file:
        file.write("videoid,contentUrl,duration,page_dir,name\n")
        for number in range(rows):
            url = f"https://host/{number}.mp4"
            file.write(f"{number},{url},PT10S,0_50,Red circle number {number} on the wall\n")
    told = subprocess.run(
        [sys.executable, "-c", CLEAN, str(path), SETTINGS], capture_output=True, text=True, check=True
    ).stdout.split()
    kept, counted, peak = map(int, told)
    assert (kept, counted) == (20_000, rows)
    return peak
