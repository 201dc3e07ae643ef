"""Naming the datasets costs nothing, and the examples in their docstrings run."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import vip.datasets

HEAVY = {
    "av",
    "diffusers",
    "imageio",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "torch",
    "tqdm",
    "transformers",
}
MODULES = sorted({getattr(vip.datasets, name).__module__ for name in vip.datasets.__all__})


def test_importing_the_datasets_imports_no_heavy_library() -> None:
    script = f"import sys, vip.datasets; sys.exit(','.join(sorted({HEAVY} & set(sys.modules))) or 0)"
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_run(module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(module))
    assert results.attempted > 0
    assert results.failed == 0


@pytest.mark.parametrize("name", vip.datasets.__all__)
def test_every_dataset_shows_its_yaml(name: str) -> None:
    assert f"type: vip.datasets.{name}" in getattr(vip.datasets, name).__doc__
