"""Where a report comes from."""

import platform
import re
import sys
from pathlib import Path

import pytest

from vip.evaluation import provenance


def test_versions_name_python_torch_and_vip() -> None:
    versions = provenance.versions()
    assert versions["python"] == platform.python_version()
    assert {"vip", "torch", "diffusers"} <= set(versions)


def test_packages_that_are_missing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGES", ("vip", "no-such-package-anywhere"))
    assert set(provenance.versions()) == {"python", "vip"}


def test_command_is_what_one_would_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/kedro", "run", "--params=stage:2", "a b"])
    assert provenance.command() == "kedro run --params=stage:2 'a b'"


def test_no_commit_outside_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() is None
    monkeypatch.setattr(provenance.shutil, "which", lambda _: None)
    assert provenance.commit() is None


def test_time_is_said_in_utc() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", provenance.now())
