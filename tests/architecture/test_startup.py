"""Commands that run no node import none of the heavy libraries, and so are quick."""

import os
import resource
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "pandas",
    "diffusers",
    "transformers",
    "mlflow",
    "plotly",
    "imageio",
    "av",
    "scipy",
    "pyarrow",
}
SECONDS = 1.0


def kedro(root, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("COV")} | environment
    command = [sys.executable, "-m", "kedro", *arguments]
    return subprocess.run(command, cwd=root, env=clean, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("arguments", [("info",), ("registry", "list"), ("run", "--help")])
def test_nothing_heavy_is_imported(root, arguments):
    told = kedro(root, *arguments, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "vip" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize("arguments", [("info",), ("registry", "list")])
def test_the_command_takes_less_than_a_second_of_processor_time(root, arguments):
    kedro(root, *arguments)  # compiles what has no bytecode yet
    assert min(processor_seconds(root, arguments) for _ in range(3)) < SECONDS


def processor_seconds(root, arguments) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    kedro(root, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_registry_lists_the_stages(root):
    told = kedro(root, "registry", "list").stdout.split()
    assert {"__default__", "stage", "stage_1", "stage_2", "prompt_filtering", "reporting"} <= set(told)
    assert "stage_3" not in told
