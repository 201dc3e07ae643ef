"""`kedro export`: what it passes on, and what it says to who left something out."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from vip.commands.export import export
from vip.families import dense


def test_a_dense_export_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(dense, "export_dense", lambda *arguments: asked.append(arguments) or "so")
    told = CliRunner().invoke(export, ["--dense", "student", str(tmp_path / "new")])
    assert (told.exit_code, told.output) == (0, "Stock diffusers loads it: so\n")
    assert asked == [(Path("student"), tmp_path / "new")]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["student", "new"], "Error: there is one form to export so far; add --dense"),
        (["--dense", "student", "new"], "Error: student/model_index.json is missing; is student a diffusers"),
    ],
)
def test_mistakes_are_one_line_and_no_success(arguments: list[str], line: str) -> None:
    told = CliRunner().invoke(export, arguments)
    assert told.exit_code == 1
    assert told.output.startswith(line)
    assert told.output.count("\n") == 1
