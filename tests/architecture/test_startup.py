"""Commands that run no node import none of the heavy libraries, and so are about as quick as Kedro itself."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "av",
    "diffusers",
    "imageio",
    "mlflow",
    "numpy",
    "pandas",
    "plotly",
    "pyarrow",
    "torch",
    "transformers",
}
FACTOR = 1.9
"""How much longer than in an empty Kedro project a command may take: that takes half a second where one may."""

EMPTY_REGISTRY = """
from kedro.pipeline import Pipeline
def register_pipelines():
    return {"__default__": Pipeline([])}
"""


def kedro(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("COV")} | environment
    command = [sys.executable, "-m", "kedro", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def empty_project(root, tmp_path_factory):
    """A Kedro project without pipelines, in the same environment."""
    folder = tmp_path_factory.mktemp("empty")
    package = folder / "src" / "empty"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "settings.py").touch()
    (package / "pipeline_registry.py").write_text(EMPTY_REGISTRY)
    (folder / "conf").mkdir()
    for name in (".telemetry", "conf/logging.yml"):
        shutil.copy(root / name, folder / name)
    (folder / "pyproject.toml").write_text(
        '[tool.kedro]\npackage_name = "empty"\nproject_name = "empty"\nkedro_init_version = "1.7.0"\n'
    )
    return folder


@pytest.mark.parametrize("arguments", [("info",), ("registry", "list"), ("run", "--help")])
def test_nothing_heavy_is_imported(root, arguments):
    told = kedro(root, *arguments, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in told.stderr.splitlines()}
    assert "vip" in imported
    assert imported & HEAVY == set()


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("info",), ("registry", "list")])
def test_commands_are_about_as_quick_as_kedro_itself(root, empty_project, arguments):
    rounds = range(3)  # alternately, as other work on the machine slows both; the first one compiles
    pairs = [(seconds(root, arguments), seconds(empty_project, arguments)) for _ in rounds]
    ours, empty = (min(times) for times in zip(*pairs, strict=True))
    assert ours < FACTOR * empty


def seconds(folder: Path, arguments: tuple[str, ...]) -> float:
    """Processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    kedro(folder, *arguments)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_registry_lists_the_stages(root):
    told = kedro(root, "registry", "list").stdout.split()
    assert {"__default__", "stage", "stage_1", "stage_2", "prompt_filtering", "reporting"} <= set(told)
    assert "stage_3" not in told
