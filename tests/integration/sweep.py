"""A tiny stage that dies somewhere, is run again, and is held against one that did not die."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.forked import Told, forked_kedro
from tests.integration.conftest import WIDTH, Project, make_project

STAGE = ("run", "--env=test", "--pipeline=stage")
TRACKED = "--params=stage:1,redpo_training.epochs=2"
PARAMETERS = f"{TRACKED},tracking.enabled=false"
"""Four steps of training, so that there is something to rotate."""
DATA = Path("data") / "test"
STORES = ("clips", "score_items", "judgements", "reference")
TIMED = "costs."
"""What holds times of the clock, and how that was made, besides the lock."""


@dataclass(frozen=True)
class Uninterrupted:
    """A stage that ran through: where it lies, which points it passed, in their order, and what it made."""

    project: Project
    passed: list[str]

    @property
    def files(self) -> dict[str, bytes]:
        """What every other run must have made as well, byte for byte."""
        return comparable(self.project)


def run_through(folder: Path) -> Uninterrupted:
    """Run the stage once and note the points."""
    project, record = make_project(folder / "project"), folder / "passed.txt"
    told = run_stage(project, fault=f"record:{record}")
    assert told.returncode == 0, told.text
    return Uninterrupted(project, record.read_text().split())


def run_stage(project: Project, fault: str = "", parameters: str = PARAMETERS) -> Told:
    """The same command, every time."""
    return forked_kedro(project.path, *STAGE, parameters, COLUMNS=WIDTH, VIP_FAULT=fault)


def comparable(project: Project) -> dict[str, bytes]:
    """Every file of a run that no clock decides."""
    files = project.files(str(DATA))
    return {name: content for name, content in files.items() if TIMED not in name and "/.lock" not in name}


def assert_continues(project: Project, whole: Uninterrupted) -> None:
    """Run again: only what was not finished is made, and in the end everything is as it should be."""
    finished, steps = finished_items(project), checkpointed_steps(project)
    told = run_stage(project)
    assert told.returncode == 0, told.text
    for path, written in finished.items():
        assert path.stat().st_mtime_ns == written, f"{path} was finished and is written again"
    assert items_to_make(told) == len(finished_items(project)) - len(finished)
    if steps and "stage 1: student\n" in told.text:
        assert f"training continues after step {steps}" in told.text
    assert_same(project, whole)


def assert_same(project: Project, whole: Uninterrupted) -> None:
    """Every file as in a run that was not interrupted; an old checkpoint may still wait to be deleted."""
    expected, found = whole.files, comparable(project)
    assert {name for name in found if name not in expected and "/checkpoints/" not in name} == set()
    assert [name for name, content in expected.items() if found.get(name) != content] == []


def finished_items(project: Project) -> dict[Path, int]:
    """When the seal of every finished item was written."""
    folders = [path for store in STORES for path in (project.path / DATA).glob(f"*/{store}")]
    return {seal: seal.stat().st_mtime_ns for folder in folders for seal in folder.glob("[!.]*.sha256")}


def items_to_make(told: Told) -> int:
    """How many items all lazy maps of a run had to make, by what they say."""
    return sum(int(count) for count in re.findall(r"items, (\d+) to make", told.text))


def checkpointed_steps(project: Project) -> int:
    """The steps that a training has behind it for good."""
    folders = (project.path / DATA).glob("06_models/stage_1/checkpoints/*/step_*")
    return max((int(folder.name.removeprefix("step_")) for folder in folders), default=0)


def fresh(folder: Path) -> Project:
    """A project in which nothing ran yet, in place of any that was there."""
    shutil.rmtree(folder, ignore_errors=True)
    return make_project(folder)
