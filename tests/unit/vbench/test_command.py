"""VBench as a real process: what it is told, how it may fail, what its results may lack."""

import sys
from pathlib import Path

import pytest

from vip.errors import UserError
from vip.vbench.command import check_command, run_dimension, scores_of

PROGRAM = Path(__file__).parents[2] / "tiny" / "vbench.py"
COMMAND = [
    sys.executable,
    str(PROGRAM),
    "--videos_path={videos}",
    "--full_json_dir={info}",
    "--output_path={output}",
    "--dimension={dimension}",
]
INFO = [
    {"prompt_en": 'a "dog"; rm -rf {output}', "dimension": ["scene"]},
    {"prompt_en": "a cat", "dimension": []},
]
NAMES = [f"{INFO[0]['prompt_en']}-{sample}.mp4" for sample in range(2)]


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "with a space"
    folder.mkdir()
    for length, name in enumerate(NAMES, start=100):
        (folder / name).write_bytes(b"v" * length)
    return folder


def run(videos, hours=1.0):
    return run_dimension(COMMAND, videos, INFO, "scene", hours)


def test_a_process_is_told_what_it_has_to_know_and_its_results_are_read(videos):
    row = scores_of(run(videos), "scene", NAMES)
    assert row == {"score": pytest.approx(0.1005), NAMES[0]: 0.1, NAMES[1]: 0.101}
    assert sorted(path.name for path in videos.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("fails", "VBench's scene ended with exit code 3 and said: CUDA out of memory"),
        ("silent", r"left 0 files \*_eval_results.json, 1 is expected, and said: RuntimeError: no GPU"),
        ("text", "VBench's results for scene are not valid JSON"),
        ("list", "VBench's results for scene are a list, not dimensions by name"),
    ],
)
def test_a_process_that_fails_is_told_in_one_line(videos, monkeypatch, wrong, message):
    monkeypatch.setenv("WRONG", wrong)
    with pytest.raises(UserError, match=message) as told:
        run(videos)
    assert "\n" not in str(told.value)


def test_a_process_that_takes_too_long_is_ended(videos, monkeypatch):
    monkeypatch.setenv("WRONG", "slow")
    with pytest.raises(UserError, match=r"VBench's scene took more than 0.0002 hours; raise vbench.hours"):
        run(videos, hours=0.0002)


def test_a_program_that_is_not_there_is_told(videos):
    command = ["/nowhere/vbench", *COMMAND[2:]]
    with pytest.raises(UserError, match="vbench.command cannot be started .*nowhere"):
        run_dimension(command, videos, INFO, "scene", 1)


def test_results_of_other_or_fewer_videos_are_refused(videos, monkeypatch):
    monkeypatch.setenv("WRONG", "skips")
    told = run(videos)
    with pytest.raises(UserError, match=r"hold 1 videos instead of 2: 1 are missing, 0 unknown .a \"dog\""):
        scores_of(told, "scene", NAMES)
    with pytest.raises(UserError, match="hold 1 videos instead of 1: 1 are missing, 1 unknown"):
        scores_of(told, "scene", ["another-0.mp4"])
    monkeypatch.setenv("WRONG", "other")
    with pytest.raises(
        UserError, match="are not a score and its videos .KeyError: 'scene'.; is vbench.command"
    ):
        scores_of(run(videos), "scene", NAMES)


def test_colour_alone_may_leave_videos_out():
    told = {"color": [0.5, [{"video_path": f"x/{NAMES[0]}", "video_results": 0.5}]]}
    assert scores_of(told, "color", NAMES) == {"score": 0.5, NAMES[0]: 0.5}
    with pytest.raises(UserError, match="1 unknown"):
        scores_of(told, "color", NAMES[1:])


@pytest.mark.parametrize(
    "told", [{"scene": [0.5]}, {"scene": None}, {"scene": [None, []]}, {"scene": [0.5, [{}]]}]
)
def test_results_of_another_shape_are_refused(told):
    with pytest.raises(UserError, match="are not a score and its videos"):
        scores_of(told, "scene", [])


def test_a_command_has_to_name_all_that_vbench_needs():
    check_command(COMMAND)
    with pytest.raises(UserError, match=r"vbench.command is empty; set it to VBench's command in its own"):
        check_command([])
    with pytest.raises(
        UserError, match=r"vbench.command lacks {info}, {dimension}; VBench would not know it"
    ):
        check_command(["vbench", "{videos}", "{output}"])
