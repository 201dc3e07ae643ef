"""A fresh project folder in the tiny world of conf/test, and the literal commands in it."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROMPTS = 40
EVALUATION_PROMPTS = 4


@dataclass(frozen=True)
class Project:
    """A project folder: configuration copied, package from the environment, few prompts."""

    path: Path

    def kedro(
        self, *arguments: str, check: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `kedro <arguments>` here and wait for it."""
        told = subprocess.run(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or told.returncode == 0, told.stdout + told.stderr
        return told

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin `kedro <arguments>` here."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.path,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def command(self, *arguments: str) -> list[str]:
        """The command with this environment's Python."""
        return [sys.executable, "-m", "kedro", *arguments]

    def environment(self, **changes: str) -> dict[str, str]:
        """One thread, no terminal width of the caller's."""
        return os.environ | {"OMP_NUM_THREADS": "1", "COLUMNS": "200"} | changes

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
    return project, project.kedro("run", "--env=test").stdout
