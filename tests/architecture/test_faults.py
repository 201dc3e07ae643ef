"""The fault points of the code are those of the list, each in one place of its own."""

import ast
import subprocess
import sys
from collections import Counter

import pytest

from vip.faults import POINTS, VARIABLE, fault_point


@pytest.fixture(scope="module")
def passed(root):
    """The name at each call of `fault_point` in the sources."""
    calls = [
        node
        for path in sorted((root / "src" / "vip").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "fault_point"
    ]
    return [ast.literal_eval(call.args[0]) for call in calls]


def test_every_point_is_listed_and_every_listed_point_is_there(passed):
    assert set(passed) == set(POINTS)


def test_a_point_is_one_place_unless_two_loops_share_it(passed):
    assert {name for name in passed if passed.count(name) > 1} == {
        "training.step.before",
        "training.step.after",
    }


def test_nothing_happens_unless_a_test_says_so(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    for name in [*POINTS, "no.such.point"]:
        fault_point(name)


def test_a_misspelt_point_is_noticed(monkeypatch):
    monkeypatch.setenv(VARIABLE, "full:item.write.befor")
    with pytest.raises(AssertionError, match="not among"):
        fault_point("item.write.before")


def test_it_happens_at_the_passing_that_was_asked_for(monkeypatch):
    monkeypatch.setenv(VARIABLE, "full:node.before:3")
    monkeypatch.setattr("vip.faults._passed", Counter())
    for name in ("node.before", "node.computed", "node.before"):
        fault_point(name)
    with pytest.raises(OSError, match="No space left on device"):
        fault_point("node.before")
    fault_point("node.before")


def test_the_module_is_light():
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import vip.faults"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "vip.faults" in imported
    assert {"torch", "numpy", "kedro", "pandas"} & imported == set()
