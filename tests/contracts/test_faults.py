"""Every dataset, at every point of a save: killed or out of disk, the old value or the new one is there."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.test_datasets import SPECIMENS, expected, open_in, tree
from tests.forked import forked

from vip.errors import UserError
from vip.faults import VARIABLE

Passed = list[str]


@pytest.fixture(params=SPECIMENS)
def name(request: pytest.FixtureRequest) -> str:
    """The name of a specimen."""
    return str(request.param)


@pytest.fixture
def passed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Passed:
    """The points that a save over an older value passes, in their order."""
    folder, record = tmp_path / "recorded", tmp_path / "passed.txt"
    save(name, folder, 1)
    monkeypatch.setenv(VARIABLE, f"record:{record}")
    save(name, folder, 2)
    monkeypatch.delenv(VARIABLE)
    return record.read_text().split()


def save(name: str, folder: Path, version: int) -> None:
    """Save a version of a specimen."""
    open_in(folder, SPECIMENS[name]).save(SPECIMENS[name].value(version))


def state(name: str, folder: Path) -> Any:
    """What the dataset gives back."""
    dataset = open_in(folder, SPECIMENS[name])
    assert dataset.exists()
    return SPECIMENS[name].plain(dataset.load())


@pytest.fixture
def versions(name: str, tmp_path: Path) -> list[Any]:
    """What the old and the new value read as."""
    return [expected(SPECIMENS[name], number, tmp_path / f"only_{number}") for number in (1, 2)]


def test_where_the_disk_is_full_the_last_good_state_stays_and_one_line_says_so(
    name: str,
    passed: Passed,
    versions: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """At every passing of every point that writes."""
    record_property("tries", sum(not point.startswith("lazy_map.") for point in passed))
    save(name, tmp_path / "whole", 1)
    save(name, tmp_path / "whole", 2)
    whole, monkeyed = tree(tmp_path / "whole"), Counter[str]()
    for point in passed:
        monkeyed[point] += 1
        if point.startswith("lazy_map."):
            continue
        folder = tmp_path / f"{point}_{monkeyed[point]}"
        save(name, folder, 1)
        with monkeypatch.context() as patch:
            patch.setattr("vip.faults._passed", Counter())
            patch.setenv(VARIABLE, f"full:{point}:{monkeyed[point]}")
            with pytest.raises(Exception, match="No space left on device") as caught:
                save(name, folder, 2)
        if point.startswith(("file.", "folder.s")) and not point.endswith(("after", "renamed")):
            assert isinstance(caught.value, UserError)
            assert "\n" not in str(caught.value)
        assert not [file for file in folder.rglob("*") if file.name.endswith(".tmp")]
        assert state(name, folder) in versions
        save(name, folder, 2)
        assert tree(folder) == whole


def test_killed_at_any_point_the_old_or_the_new_value_is_there(
    name: str,
    passed: Passed,
    versions: list[Any],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """At the first and the last passing of every point."""
    record_property("tries", sum(min(count, 2) for count in Counter(passed).values()))
    save(name, tmp_path / "whole", 1)
    save(name, tmp_path / "whole", 2)
    whole, often = tree(tmp_path / "whole"), Counter(passed)
    for point in often:
        for passing in {1, often[point]}:
            folder = tmp_path / f"{point}_{passing}"
            save(name, folder, 1)
            code = forked(save, name, folder, 2, VIP_FAULT=f"kill:{point}:{passing}")
            assert code == -signal.SIGKILL
            assert state(name, folder) in versions
            save(name, folder, 2)
            assert tree(folder) == whole


def test_together_they_pass_every_point_of_the_datasets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vip.faults import POINTS

    record = tmp_path / "passed.txt"
    monkeypatch.setenv(VARIABLE, f"record:{record}")
    for name in SPECIMENS:
        save(name, tmp_path / name, 1)
    theirs = ("file.", "sealed.", "item.", "lazy_map.", "folder.", "videos.")
    assert set(record.read_text().split()) == {point for point in POINTS if point.startswith(theirs)}
