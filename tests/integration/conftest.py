"""A fresh project folder in the tiny world of conf/test, and the literal commands in it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.forked import Told, forked_kedro

ROOT = Path(__file__).parents[2]
PROMPTS = 40
EVALUATION_PROMPTS = 4
WIDTH = "200"
"""Columns of the terminal that commands print for."""


@dataclass(frozen=True)
class Project:
    """A project folder: configuration copied, package from the environment, few prompts."""

    path: Path

    def kedro(self, *arguments: str, check: bool = True, **environment: str) -> Told:
        """`kedro <arguments>` here, in a process that has imported the heavy libraries before."""
        told = forked_kedro(self.path, *arguments, COLUMNS=WIDTH, **environment)
        assert not check or told.returncode == 0, told.text
        return told

    def run(self, *arguments: str, **environment: str) -> str:
        """`kedro <arguments>` here as users run it, and all that it printed."""
        process = self.start(*arguments, **environment)
        told, _ = process.communicate()
        assert process.returncode == 0, told
        return told

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Begin `kedro <arguments>` here."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command with this environment's Python."""
        return [sys.executable, "-m", "kedro", *arguments]

    def environment(self, **changes: str) -> dict[str, str]:
        """One thread, no terminal width of the caller's."""
        return os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": WIDTH} | changes

    def files(self, folder: str = ".") -> dict[str, bytes]:
        """Every file under a folder, by its path."""
        paths = (path for path in (self.path / folder).rglob("*") if path.is_file())
        return {path.relative_to(self.path).as_posix(): path.read_bytes() for path in sorted(paths)}


def make_project(folder: Path) -> Project:
    """Copy what a user would clone, with fewer prompts."""
    shutil.copytree(ROOT / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    (folder / "conf" / "local").mkdir()
    (folder / "src").mkdir()
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    raw = folder / "data" / "01_raw"
    raw.mkdir(parents=True)
    shorten(ROOT / "data" / "01_raw" / "raw_prompts.csv", raw / "raw_prompts.csv", PROMPTS)
    for held_out in ("evaluation_prompts.csv", "development_prompts.csv"):
        shorten(ROOT / "data" / "01_raw" / held_out, raw / held_out, EVALUATION_PROMPTS)
    shutil.copytree(ROOT / "data" / "01_raw" / "teacher", raw / "teacher")
    return Project(folder)


def shorten(source: Path, target: Path, rows: int) -> None:
    """The first rows of a CSV, its header not counted."""
    import pandas as pd

    table = pd.read_csv(source, dtype=str, keep_default_na=False, nrows=rows)
    table.to_csv(target, index=False)


@pytest.fixture
def project(tmp_path) -> Project:
    """A fresh project in which nothing ran yet."""
    return make_project(tmp_path / "project")


@pytest.fixture(scope="session")
def chain(tmp_path_factory) -> tuple[Project, str]:
    """A project after `kedro run --env=test`, and what that printed. Read only."""
    project = make_project(tmp_path_factory.mktemp("chain") / "project")
    return project, project.run("run", "--env=test")
