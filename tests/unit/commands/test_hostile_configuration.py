"""Configuration that cannot be: one line that says what, and nothing written."""

import shutil
from pathlib import Path

import pytest

from vip import config_loader
from vip.commands.experiment import Experiment
from vip.commands.run import USER_ERRORS, explain

ROOT = Path(__file__).parents[3]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project's configuration in a folder of its own."""
    monkeypatch.setattr(config_loader, "_latest", [])
    monkeypatch.syspath_prepend(str(ROOT / "src"))
    for name in ("base", "test"):
        shutil.copytree(ROOT / "conf" / name, tmp_path / "conf" / name)
    (tmp_path / "src").mkdir()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def files(project: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def refusal(project: Path, **params) -> str:
    """The one line with which a command ends in this project."""
    before = files(project)
    with pytest.raises(USER_ERRORS) as caught:
        Experiment.read(project, "test", params)
    line = explain(caught.value)
    assert line is not None
    assert line.isprintable()
    assert files(project) == before
    return line


def test_what_is_shipped_can_be_read(project):
    experiment = Experiment.read(project, "test", {})
    assert experiment.folder == project / "data" / "test"


def test_a_bug_of_ours_is_not_told_as_the_users_yaml(project, monkeypatch):
    monkeypatch.setattr(config_loader, "_of_runs", lambda parameters: None.missing)
    with pytest.raises(AttributeError, match="missing"):
        Experiment.read(project, "test", {})


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("parameters.yml", b"- stages\n- 2\n", "parameters that cannot be read"),
        ("parameters.yml", b"stages\n", "stages is None|cannot be read"),
        ("parameters.yml", b"stages: 2\n\tscoring: x\n", "parameters.yml"),
        ("parameters.yml", b"stages: 2\nstages: 3\n", "duplicate key"),
        ("parameters.yml", b"stages: [1\n", "parameters.yml"),
        ("parameters.yml", "stages: 1 # caf\u00e9".encode("latin-1"), "parameters that cannot be read"),
        ("parameters.yml", "stages: 1".encode("utf-16"), "parameters that cannot be read"),
        ("parameters.yml", b"stages: !!python/object:os.system x\n", "python/object"),
        ("parameters.yml", b"stages: ${nothing}\n", "nothing"),
        ("parameters.yml", b"stages: " + b"9" * 5000 + b"\n", "parameters that cannot be read"),
        ("parameters.yml", b"scoring: " + b"[" * 3000 + b"\n", "parameters"),
        ("parameters.yml", b"stages: yes\n", "stages is True"),
        ("parameters.yml", b"scoring:\n", "scoring is None"),
        ("parameters.yml", b"scoring: {reward: {name: videoscor}}\n", "did you mean videoscore"),
        ("parameters.yml", b"scoring: {reward: {name: clip, options: {modle: x}}}\n", "no option modle"),
        (
            "parameters.yml",
            b"prompt_filtering: {judge: {name: chat_server}}\n",
            "needs the option url, model",
        ),
        ("parameters.yml", b"prompt_filtering: {minimum_words: 9, maximum_words: 5}\n", "swap them"),
        ("parameters.yml", b"redpo_training: {method: sft, reference: initial}\n", "choose method: redpo"),
        ("parameters.yml", b"redpo_training: {beta: .nan}\n", "redpo_training.beta is nan"),
        ("parameters.yml", b"redpo_training: 3\nvideo_generation: 3\n", "video_generation is 3"),
        ("parameters.yml", b"scoring: {reward: {name: clip, options: 3}}\n", "options is 3"),
        ("parameters.yml", b"stage_1: {budget: 3}\nstage_2: 3\n", "stage_2.budget is missing"),
        (
            "parameters.yml",
            b"comparison: {arms: {redpo: {redpo_training: 3, at_once: true, stages: -1}}}\n",
            "comparison.arms.redpo.redpo_training is 3",
        ),
        (
            "parameters.yml",
            b"sweep: {sweeps: {n: {setting: stages, values: [1, 2]}}}\n",
            "sweep.sweeps.n: stages cannot be swept",
        ),
        ("parameters.yml", b"1: 2\nnull: 3\n", "2 parameters cannot be used|cannot be read"),
        ("parameters.yml", b"? [a]\n: 1\n", "key|cannot be read"),
        ("parameters.yml", b'"\\x1b[31m": 1\n', "x1b"),
        ("globals.yml", b"folder: 5\n", "globals.yml: folder is 5"),
        ("globals.yml", b"folder: ''\n", "globals.yml: folder is ''"),
        ("globals.yml", b"folder: [a]\n", "globals.yml: folder is "),
        ("globals.yml", b"- folder\n", "globals that cannot be read"),
    ],
)
def test_a_file_that_cannot_be_is_refused_in_one_line(project, file, content, message):
    (project / "conf" / "test" / file).write_bytes(content)
    line = refusal(project)
    assert any(part in line for part in message.split("|")), line


@pytest.mark.parametrize("value", [None, "x", [], {}, -1, 1.5, float("nan"), "x" * 10_240, "${x}", "\x00"])
@pytest.mark.parametrize("name", ["stages", "redpo_training.epochs", "evaluation.confidence"])
def test_no_value_does_for_everything(project, name, value):
    block, _, key = name.partition(".")
    line = refusal(project, **{block: {key: value} if key else value})
    assert block in line
    assert len(line) < 2100
