"""Commands that run no node import none of the heavy libraries."""

import os
import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "pandas",
    "diffusers",
    "transformers",
    "mlflow",
    "numpy",
    "plotly",
    "imageio",
    "av",
    "scipy",
    "pyarrow",
    "cv2",
    "skimage",
}


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


def test_the_registry_lists_the_stages(root):
    told = kedro(root, "registry", "list").stdout.split()
    assert {"__default__", "stage", "stage_1", "stage_2", "prompt_filtering", "reporting"} <= set(told)
    assert "stage_3" not in told
