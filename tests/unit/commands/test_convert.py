"""`kedro convert`: what it passes on, and what it says to who gave it something else."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from vip.commands.convert import convert
from vip.families.videocrafter import convert as module


def test_settings_reach_the_converter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(module, "convert", lambda *arguments: asked.append(arguments))
    options = ["--height", "256", "--width", "256", "--frames", "8", "--fps", "8", "--tokenizer", "here"]
    told = CliRunner().invoke(convert, ["videocrafter2", "model.ckpt", str(tmp_path / "new"), *options])
    assert (told.exit_code, told.output) == (0, f"{tmp_path / 'new'} is a diffusers folder now.\n")
    shape = module.ClipShape(256, 256, 8, 8)
    assert asked == [(Path("model.ckpt"), tmp_path / "new", shape, "here", "apache-2.0")]


def test_without_options_it_is_the_published_model(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(module, "convert", lambda *arguments: asked.append(arguments))
    CliRunner().invoke(convert, ["videocrafter2", "model.ckpt", "new"], catch_exceptions=False)
    shape = module.ClipShape(320, 512, 16, 28)
    assert asked == [(Path("model.ckpt"), Path("new"), shape, "openai/clip-vit-large-patch14", "apache-2.0")]


def test_what_cannot_be_converted_is_one_line_and_no_success(tmp_path: Path) -> None:
    told = CliRunner().invoke(convert, ["videocrafter2", str(tmp_path / "model.ckpt"), str(tmp_path / "new")])
    assert told.exit_code == 1
    assert told.output.startswith(f"Error: {tmp_path / 'model.ckpt'} is missing; give the checkpoint file")
    assert told.output.count("\n") == 1


def test_animatediff_is_put_together_from_two_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vip.families import animatediff_sources

    asked = []
    monkeypatch.setattr(animatediff_sources, "assemble", lambda *arguments: asked.append(arguments))
    told = CliRunner().invoke(convert, ["animatediff", "owner/base", "mm.ckpt", str(tmp_path / "new")])
    assert told.exit_code == 0
    assert asked == [("owner/base", "mm.ckpt", tmp_path / "new")]
