"""Servers that the documents tell one to start listen on this machine alone."""

import re
import shutil
import subprocess
import sys

import pytest

SERVERS = re.compile(r"\b(?:kedro viz(?: run)?|mlflow (?:ui|server)|http\.server|jupyter \w+)\b[^`\n]*")
ELSEWHERE = re.compile(
    r"--(?:host|ip|bind|allowed-hosts)(?![ =](?:127\.0\.0\.1|localhost)\b)|0\.0\.0\.0|\[::\]"
)


@pytest.fixture(scope="module")
def texts(root) -> dict[str, str]:
    """Every tracked text but the tests, by file: documents, settings, sources."""
    git = shutil.which("git")
    assert git, "the project needs git"
    listed = subprocess.run([git, "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    paths = [
        root / name
        for name in listed.stdout.splitlines()
        if name.endswith((".md", ".yml", ".py", ".ipynb", ".toml", "Makefile"))
        and not name.startswith("tests/")
    ]
    return {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in paths if path.exists()}


@pytest.fixture(scope="module")
def commands(texts) -> dict[str, list[str]]:
    """Every server's command in them."""
    return {file: SERVERS.findall(text) for file, text in texts.items()}


def test_the_documents_name_servers(commands):
    found = [command for text in commands.values() for command in text]
    for server in ("kedro viz run", "mlflow ui"):
        assert any(command.startswith(server) for command in found), server


def test_no_text_opens_a_server_to_others(texts):
    assert {file: bad for file, text in texts.items() if (bad := ELSEWHERE.findall(text))} == {}


def test_only_servers_whose_default_is_known_are_named_without_a_host(commands):
    known = re.compile(r"kedro viz|mlflow (ui|server)|.*--(host|ip|bind)[ =]")
    assert {
        file: bad for file, text in commands.items() if (bad := [c for c in text if not known.match(c)])
    } == {}


@pytest.mark.parametrize("command", [("kedro", "viz", "run"), ("mlflow", "ui"), ("mlflow", "server")])
def test_that_default_is_loopback(root, command):
    program = [sys.executable, "-m", *command, "--help"]
    told = subprocess.run(program, cwd=root, capture_output=True, text=True, check=True).stdout
    (described,) = re.findall(r"--host (?:TEXT|HOST) (.{120})", " ".join(told.split()))
    assert re.search(r"[Dd]efault(?:s to|:) (?:127\.0\.0\.1|localhost)", described), told


@pytest.mark.parametrize(
    "command", ["mlflow ui --host 0.0.0.0", "kedro viz run --host=::", "jupyter lab --ip=0.0.0.0"]
)
def test_the_search_finds_what_it_is_to_find(command):
    (found,) = SERVERS.findall(f"Run `{command}` now")
    assert ELSEWHERE.search(found)
    assert not ELSEWHERE.search("mlflow ui --host 127.0.0.1 --port 5000")
