"""Configuration is read once by a loader, and is everybody's own."""

from pathlib import Path

import pytest

from vip import config_loader
from vip.config_loader import ProjectConfigLoader
from vip.errors import UserError


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configuration; other tests must not find its loader."""
    monkeypatch.setattr(config_loader, "_latest", [])
    for environment in ("base", "local"):
        (tmp_path / environment).mkdir()
    (tmp_path / "base" / "parameters.yml").write_text("training: {beta: 1}\n")
    return tmp_path


def loader_of(conf: Path) -> ProjectConfigLoader:
    return ProjectConfigLoader(conf, base_env="base", default_run_env="local")


def test_it_is_read_once(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader, read = loader_of(conf), []
    whole = ProjectConfigLoader._read
    monkeypatch.setattr(ProjectConfigLoader, "_read", lambda self, key: read.append(key) or whole(self, key))
    assert loader["parameters"] == loader["parameters"] == {"training": {"beta": 1}}
    assert read == ["parameters"]


def test_what_one_reader_changes_no_other_sees(conf: Path) -> None:
    loader = loader_of(conf)
    loader["parameters"]["training"]["beta"] = 2
    assert loader["parameters"] == {"training": {"beta": 1}}


def test_another_loader_reads_anew(conf: Path) -> None:
    assert loader_of(conf)["parameters"] == {"training": {"beta": 1}}
    (conf / "base" / "parameters.yml").write_text("training: {beta: 3}\n")
    assert loader_of(conf)["parameters"] == {"training": {"beta": 3}}


def test_what_is_set_counts_at_once(conf: Path) -> None:
    loader = loader_of(conf)
    assert loader["parameters"] == {"training": {"beta": 1}}
    loader["parameters"] = {"training": {"beta": 4}}
    assert loader["parameters"] == {"training": {"beta": 4}}


def test_what_cannot_be_read_is_refused_each_time(conf: Path) -> None:
    (conf / "base" / "parameters.yml").write_text("- a list\n")
    loader = loader_of(conf)
    for _ in range(2):
        with pytest.raises(UserError, match="conf has parameters that cannot be read"):
            loader["parameters"]
