"""Every reward and judge without a network: local folders and cached names do, and what is missing is told.

Each test is a process of its own, as `HF_HUB_OFFLINE` is read once; whatever connects elsewhere is refused.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.tiny import clip, videoscore, without_network

from vip.judges.registry import JUDGES, judge_named
from vip.rewards.registry import REWARDS, reward_named

ROOT = Path(__file__).parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
Request = dict[str, Any]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, tiny_chat_model: Path) -> dict[str, Path]:
    """Small models by the name of what runs them."""
    folder = tmp_path_factory.mktemp("models")
    built = {"videoscore": videoscore.build(folder / "Score"), "clip": clip.build(folder / "Clip")}
    return built | {"language_model": tiny_chat_model}


@pytest.fixture
def request_of(
    folders: dict[str, Path], tiny_chat_model: Path, chat_process: Any
) -> Callable[[Callable[[str], str]], Request]:
    """A request for all rewards and judges; where their models are is said by the name of what runs them."""

    def request_of(place: Callable[[str], str]) -> Request:
        score = {"model": place("videoscore"), "frames": 4}
        parts = [{"name": "videoscore", "options": score}, {"name": "shapes_oracle"}]
        questions = str(tiny_chat_model / "questions.yml")
        return {
            "rewards": {name: {} for name in REWARDS}
            | {"videoscore": score, "clip": {"model": place("clip")}, "mixture": {"rewards": parts}},
            "judges": {
                "lexicon": {},
                "language_model": {"model": place("language_model"), "questions": questions},
                "chat_server": {"url": chat_process.url, "model": "tiny", "questions": questions},
            },
            "port": chat_process.port,
            "query_sha256": videoscore.QUERY_SHA256,
        }

    return request_of


def outcomes(request: Request, **environment: str) -> dict[str, dict[str, Any]]:
    """What came of each reward and judge in a process without a network, `rewards` and `judges` together."""
    finished = subprocess.run(
        [sys.executable, "-m", "tests.tiny.without_network"],
        input=json.dumps(request), capture_output=True, text=True, check=False, cwd=ROOT,
        env=os.environ | environment,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    told = json.loads(finished.stdout)
    return told["rewards"] | told["judges"]


def test_all_judges_are_asked(request_of):
    assert set(request_of(lambda name: "")["judges"]) == set(JUDGES)


def test_local_folders_need_no_network(request_of, folders, monkeypatch):
    request = request_of(lambda name: str(folders[name]))
    told = outcomes(request, HF_HUB_OFFLINE="1")
    monkeypatch.setattr("vip.rewards.videoscore.QUERY_SHA256", videoscore.QUERY_SHA256)
    for name, options in request["rewards"].items():
        expected = reward_named(name, options).score(without_network.CLIPS, without_network.PROMPTS)
        np.testing.assert_allclose(told[name]["numbers"], expected, atol=1e-5, err_msg=name)
    for name, options in request["judges"].items():
        expected = judge_named(name, options).judge(without_network.PROMPTS)
        np.testing.assert_allclose(told[name]["numbers"], expected, atol=1e-5, err_msg=name)


def test_names_in_the_hubs_cache_are_the_same_models(request_of, folders, tmp_path):
    for name, folder in folders.items():
        cached = tmp_path / f"models--owner--{name}"
        shutil.copytree(folder, cached / "snapshots" / COMMIT)
        (cached / "refs").mkdir()
        (cached / "refs" / "main").write_text(COMMIT)
    by_name = outcomes(
        request_of(lambda name: f"owner/{name}"), HF_HUB_OFFLINE="1", HF_HUB_CACHE=str(tmp_path)
    )
    assert by_name == outcomes(request_of(lambda name: str(folders[name])), HF_HUB_OFFLINE="1")


NEED_MODELS = ("videoscore", "clip", "mixture", "language_model")


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {"HF_HUB_OFFLINE": "0"}])
def test_a_model_that_cannot_be_had_is_told_in_one_line(request_of, tmp_path, environment):
    told = outcomes(request_of(lambda name: f"owner/{name}"), HF_HUB_CACHE=str(tmp_path), **environment)
    for name in NEED_MODELS:
        line = one_line(told[name])
        assert line.startswith(f"owner/{'videoscore' if name == 'mixture' else name} "), line
        assert "cannot be had from the hub" in line
        assert line.endswith("download it first and give its folder")
    assert all("numbers" in told[name] for name in told if name not in NEED_MODELS)


def test_weights_that_are_missing_are_told_in_one_line(request_of, folders, tmp_path):
    bare = {name: shutil.copytree(folder, tmp_path / name) for name, folder in folders.items()}
    for folder in bare.values():
        (folder / "model.safetensors").unlink()
    told = outcomes(request_of(lambda name: str(bare[name])), HF_HUB_OFFLINE="1")
    for name in NEED_MODELS:
        assert str(bare["videoscore" if name == "mixture" else name]) in one_line(told[name])


def test_a_server_that_is_missing_is_told_in_one_line(request_of):
    request = request_of(lambda name: "")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        options = {"url": f"http://127.0.0.1:{port}/v1", "model": "m", "attempts": 2, "backoff": 0.01}
        told = outcomes(request | {"rewards": {}, "judges": {"chat_server": options}, "port": port})
    line = one_line(told["chat_server"])
    assert line.startswith(f"http://127.0.0.1:{port}/v1 gave no usable answer in 2 tries")
    assert "look whether the server runs" in line


def one_line(told: dict[str, Any]) -> str:
    assert told.get("error") == "UserError", told
    assert "\n" not in told["text"]
    return told["text"]
