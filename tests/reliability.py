"""`make reliability`: what was killed, damaged and tried, and how it ended, as docs/reliability.md.

A plugin for pytest. It runs the tests below alone and counts them; one that tries several things says how
many by `record_property("tries", n)`.
"""

import os
import platform
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

UNIT, CONTRACTS, INTEGRATION = "tests/unit", "tests/contracts", "tests/integration"


@dataclass
class Subject:
    """What is tried, how it has to end, the tests that try it, and how they ended."""

    title: str
    ending: str
    tests: tuple[str, ...]
    tries: Counter[bool] = field(default_factory=Counter)

    def covers(self, node: str) -> bool:
        """Whether a test belongs here."""
        return node.startswith(self.tests)


SUBJECTS = (
    Subject(
        "a stage killed at each named point, and at random moments",
        "the same command goes on; no finished item is made again; every file is that of an unbroken run",
        (f"{INTEGRATION}/test_kill_sweep.py::test_killed",),
    ),
    Subject(
        "ctrl-C and SIGTERM while a student is trained",
        "the steps done are in a checkpoint, the way on is said, exit code 130 or 143, the MLflow run KILLED",
        (f"{INTEGRATION}/test_kill_sweep.py::test_stopped",),
    ),
    Subject(
        "a stage whose disk is full",
        "one line, nothing lost; with room again the same command goes on",
        (f"{INTEGRATION}/test_kill_sweep.py::test_a_full_disk",),
    ),
    Subject(
        "saves of every kind of dataset and of checkpoints, killed or out of disk at every point",
        "the old value or the new one is there; the next save gives the bytes of an unbroken one",
        (
            f"{CONTRACTS}/test_faults.py",
            f"{UNIT}/training/test_checkpoints.py::test_where_the_disk",
            f"{UNIT}/training/test_checkpoints.py::test_killed",
            f"{UNIT}/training/test_checkpoints.py::test_a_save_that_is_killed",
        ),
    ),
    Subject(
        "trainings stopped before every step and while weights move",
        "the student, its curve and its checkpoints are those of a training that was not stopped",
        (
            f"{UNIT}/training/test_resuming.py",
            f"{UNIT}/training/test_train.py::test_a_run_stopped",
            f"{UNIT}/training/test_train.py::test_how_often",
        ),
    ),
    Subject(
        "files of every kind of dataset damaged, replaced, linked, forged",
        "named and refused, and made again by the next save; or no part of what is read",
        (f"{CONTRACTS}/test_damage.py",),
    ),
    Subject(
        "checkpoints damaged or forged",
        "named and passed over; the last good one is used and kept",
        (
            f"{UNIT}/training/test_checkpoints.py::test_a_damaged",
            f"{UNIT}/training/test_checkpoints.py::test_what_",
            f"{UNIT}/training/test_checkpoints.py::test_the_last_good",
            f"{UNIT}/training/test_train.py::test_a_damaged",
        ),
    ),
    Subject(
        "models from strangers: pickles, lying headers, NaN, paths that lead elsewhere",
        "refused in one line that names the file; nothing is run or written",
        (f"{UNIT}/families/test_hostile_models.py", f"{UNIT}/families/test_animatediff_sources.py"),
    ),
    Subject(
        "hostile prompts, CSVs, settings, votes and answers (some by hypothesis, a hundred each)",
        "kept whole, or dropped for a reason that is counted, or refused in one line; nothing overwritten",
        (
            "tests/pipelines/test_hostile_prompts.py",
            f"{UNIT}/commands/test_hostile_configuration.py",
            f"{UNIT}/judges/test_hostile_answers.py",
            f"{UNIT}/evaluation/user_study/test_votes.py",
            f"{UNIT}/datasets/test_prompt_sources.py",
            f"{UNIT}/datasets/test_tables.py",
        ),
    ),
    Subject(
        "losses and gradients that are not finite",
        "nothing is updated; step, pair and last good checkpoint are named",
        (
            f"{UNIT}/training/test_train.py::test_a_loss",
            f"{UNIT}/training/test_train.py::test_of_a_whole",
            f"{UNIT}/training/test_train.py::test_a_broken",
            f"{UNIT}/training/test_train.py::test_a_gradient",
        ),
    ),
    Subject(
        "two runs in one folder, living and dead, on one host and two",
        "the second stops at once and says who holds the lock; a dead holder's is taken over",
        (f"{UNIT}/hooks/test_lock.py",),
    ),
    Subject(
        "trackers that are missing, hang or die",
        "nothing stops or waits; what was missed is in a journal and is delivered later",
        (f"{UNIT}/hooks/test_delivery.py", f"{UNIT}/hooks/test_journal.py", f"{UNIT}/commands/test_track.py"),
    ),
    Subject(
        "two processes instead of one, and one of them killed",
        "the same bytes, the student's included; the job ends, and one process goes on",
        (f"{INTEGRATION}/test_processes.py",),
    ),
    Subject(
        "settings, inputs and code changed between two runs",
        "what follows from the change is made again, and nothing else",
        (f"{UNIT}/runners/test_ledger.py", f"{UNIT}/commands/test_verify.py"),
    ),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the page goes."""
    parser.addoption("--reliability", type=Path, required=True, help="write the figures to this page")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what proves nothing here."""
    left_out = [item for item in items if not any(subject.covers(item.nodeid) for subject in SUBJECTS)]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


class Tally:
    """Counts what ended as it should, in the process that prints."""

    def __init__(self, page: Path) -> None:
        self.page = page
        self.begun = time.monotonic()
        self.failed: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test counts when it was called, or when it could not be."""
        if report.when != "call" and not report.failed:
            return
        tries = dict(report.user_properties).get("tries", 1)
        for subject in SUBJECTS:
            if subject.covers(report.nodeid):
                subject.tries[report.passed] += int(str(tries))
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        rows = [f"| {s.title} | {s.tries.total()} | {s.tries[True]} | {s.ending} |" for s in SUBJECTS]
        failed = [f"- `{node}`" for node in self.failed] or ["None."]
        minutes = (time.monotonic() - self.begun) / 60
        text = PAGE.format(
            date=datetime.now(tz=UTC).date(),
            commit=subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip(),
            python=platform.python_version(),
            cores=os.cpu_count(),
            minutes=minutes,
            rows="\n".join(rows),
            failed="\n".join(failed),
        )
        self.page.write_text(text, encoding="utf-8")


PAGE = """# Reliability, in figures

Written by `make reliability` on {date}, at commit {commit}: Python {python}, {cores} cores,
{minutes:.0f} minutes.
What is promised, and how it is kept: [crash_safety.md](crash_safety.md). One try is one point, one damaged
file, one input or one property.

| what was done | tries | ended as it must | which is |
|---|---|---|---|
{rows}

## What did not end as it must

{failed}
"""


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that hears of all tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(config.getoption("--reliability")), "tally")
