"""A bar for a process that has the terminal for itself, lines for a worker, nothing for the others."""

import logging
import multiprocessing

import pytest

from vip import bars
from vip.processes import Processes


@pytest.fixture
def at_once(monkeypatch):
    """Nothing waits for its moment, and every step is shown."""
    monkeypatch.setattr(bars, "A_MOMENT", 0.0)
    monkeypatch.setattr(bars, "BETWEEN_LINES", 0.0)


@pytest.fixture
def worker(monkeypatch, caplog):
    """This process has a parent."""
    monkeypatch.setattr(bars, "parent_process", multiprocessing.current_process)
    caplog.set_level(logging.INFO, "vip.bars")
    return caplog


def walk(*, done: int = 0) -> list[int]:
    return list(bars.bar("Training", 4, "steps", done=done, over=range(done, 4)))


def test_a_terminal_of_ones_own_shows_a_bar(at_once, capsys):
    assert walk(done=1) == [1, 2, 3]
    shown = capsys.readouterr().err
    assert "Training:  25%" in shown
    assert "4/4" in shown


def test_what_takes_no_more_than_a_moment_shows_nothing(capsys, worker):
    walk()
    assert capsys.readouterr().err == ""
    assert worker.messages == []


def test_a_worker_tells_lines(at_once, worker, capsys):
    with bars.bar("Training", 4, "steps", done=1) as steps:
        steps.update(2)
    assert worker.messages[0].startswith("Training: 1 of 4 steps, ")
    assert worker.messages[-1].startswith("Training: 3 of 4 steps, ")
    assert all(message.endswith(" left") for message in worker.messages)
    assert capsys.readouterr().err == ""


def test_the_other_processes_of_a_launcher_say_nothing(at_once, monkeypatch, capsys):
    monkeypatch.setattr(bars, "this_run", lambda: Processes(1, 2))
    assert walk() == [0, 1, 2, 3]
    assert capsys.readouterr().err == ""
