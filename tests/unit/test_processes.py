"""Alone, a process hears itself; with others, it hears all of them in order."""

import pytest

from vip.errors import UserError
from vip.processes import Processes, this_run


@pytest.fixture
def launched(monkeypatch):
    """Sets what a launcher sets."""

    def launch(**variables: str) -> Processes:
        for name in ("WORLD_SIZE", "RANK"):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return this_run.__wrapped__()

    return launch


def test_without_a_launcher_there_is_one_process_and_it_is_the_first(launched):
    assert launched() == launched(WORLD_SIZE="1", RANK="0") == Processes(0, 1)
    assert launched().is_first


def test_a_launcher_tells_number_and_count(launched):
    assert launched(WORLD_SIZE="3", RANK="2") == Processes(2, 3)
    assert not launched(WORLD_SIZE="3", RANK="2").is_first


def test_alone_a_process_hears_itself():
    alone = Processes()
    assert alone.from_all("word") == ["word"]
    assert alone.from_first(lambda: "word") == "word"
    alone.wait_for_all()


def test_that_another_process_ended_is_said_in_one_line(monkeypatch):
    import torch.distributed

    def closed(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("Connection closed by peer")

    monkeypatch.setattr(torch.distributed, "all_gather_object", closed)
    monkeypatch.setattr("vip.processes._words", lambda: None)
    with pytest.raises(UserError, match="another process of this run has ended"):
        Processes(1, 2).wait_for_all()
