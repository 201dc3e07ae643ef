"""`vip` without `kedro`: the same commands, in any folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from vip import __main__


def test_all_commands_are_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["vip", "--help"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert told.startswith("Usage: vip ")
    assert {"convert", "export", "plan", "run", "units"} <= set(told.split())


def test_a_student_is_exported_where_no_project_is(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "vip", "export", "--dense", "student", "new"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 1
    assert told.stderr.splitlines()[-1].startswith("Error: student/model_index.json is missing; is student a")
    assert not list(tmp_path.iterdir())
