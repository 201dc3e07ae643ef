"""Nodes that do not wait for one another run at once, in processes that end with the one that began them."""

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.framework.hooks import hook_impl
from kedro.framework.hooks.manager import _create_hook_manager
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline
from tests.forked import forked

from vip.datasets import JsonDataset, LazyMapDataset, TableDataset
from vip.datasets.provenance import ProvenanceFolder
from vip.errors import UserError
from vip.runners import SideBySideRunner, StageRunner
from vip.runners.worker import own_gpus
from vip.types import LazyMap

KEYS = [f"{number:032x}" for number in range(4)]
PATIENCE = 60.0
WORDS = ("begins", "saved")


def meet(folder: str, name: str, others: list[str]) -> str:
    """Come, and wait for others to come: alone nobody ever gets through."""
    (Path(folder) / name).write_text(str(os.getpid()))
    deadline = time.monotonic() + PATIENCE
    while not all((Path(folder) / other).exists() for other in others):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{name} waits alone")
        time.sleep(0.01)
    return name


def meet_b(folder: str) -> str:
    return meet(folder, "a", ["b"])


def meet_a(folder: str) -> str:
    return meet(folder, "b", ["a"])


def both(first: str, second: str) -> list[str]:
    return [first, second, str(os.getpid())]


def refuse(folder: str) -> str:
    raise RuntimeError("wrapped") from UserError("the budget is 3 of 2; give fewer")


def wait_long(folder: str) -> str:
    return meet(folder, "waiting", ["nobody"])


def warn(folder: str) -> str:
    logging.getLogger("vip.losses").info("of no interest")
    logging.getLogger("vip.bars").info("%d of 2 steps", 1)
    logging.getLogger("diffusers.models").warning("deprecated")
    return "warned"


def die(folder: str) -> str:
    meet(folder, "dying", [])
    os.kill(os.getpid(), signal.SIGKILL)
    return ""


def clips(folder: str, prompts: pd.DataFrame, _: str) -> LazyMap[dict[str, float]]:
    def make(keys: Any) -> list[dict[str, float]]:
        with (Path(folder) / "made.txt").open("a") as made:
            made.writelines(f"{key}\n" for key in keys)
        time.sleep(0.2)
        return [{"length": float(int(key, 16))} for key in keys]

    return LazyMap(prompts, make, 1, "clips")


class Heard:
    """What hooks are told."""

    def __init__(self) -> None:
        self.words: list[tuple[str, str]] = []

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        self.words.append(("begins", node.name))

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        self.words.append(("saved", dataset_name))
        assert data is not None


class World:
    """A folder, a catalog of small files in it, and a runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard = Heard()
        self.catalog = DataCatalog({"params:folder": MemoryDataset(str(folder))})

    def keeps(self, *names: str) -> "World":
        for name in names:
            self.catalog[name] = JsonDataset(filepath=str(self.folder / f"{name}.json"))
        return self

    def run(self, nodes: list[Any], runner: StageRunner | None = None) -> None:
        hooks = _create_hook_manager()
        hooks.register(self.heard)
        runner = runner or SideBySideRunner(2)
        runner.provenance = ProvenanceFolder(self.folder / "provenance")
        runner.run(pipeline(nodes), self.catalog, hooks)


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


MEETING = [
    node(meet_b, "params:folder", "first", name="first"),
    node(meet_a, "params:folder", "second", name="second"),
    node(both, ["first", "second"], "measured", name="measured", tags="alone"),
    node(both, ["first", "second"], "third", name="third"),
    node(both, ["first", "third"], "in_memory", name="in_memory"),
]
KEPT = ("first", "second", "third", "measured")


@pytest.fixture(scope="module")
def met(tmp_path_factory):
    """Two nodes that meet, and what comes after them."""
    world = World(tmp_path_factory.mktemp("met")).keeps(*KEPT)
    world.run(MEETING)
    return world


def test_two_that_wait_for_each_other_get_through(met):
    assert met.catalog.load("third")[:2] == ["a", "b"]
    processes = {(met.folder / name).read_text() for name in ("a", "b")}
    assert len(processes) == 2
    assert str(os.getpid()) not in {*processes, met.catalog.load("third")[2]}


def test_hooks_hear_of_each_node_here(met):
    assert met.heard.words[:2] == [("begins", "first"), ("begins", "second")]
    assert set(met.heard.words[2:4]) == {("saved", "first"), ("saved", "second")}
    assert sorted(met.heard.words) == sorted((word, each.name) for each in MEETING for word in WORDS)


def test_nothing_runs_beside_what_measures(met):
    assert met.catalog.load("measured")[2] == str(os.getpid())
    begins = met.heard.words.index(("begins", "measured"))
    assert met.heard.words[begins + 1] == ("saved", "measured")
    before = met.heard.words[:begins]
    assert {name for word, name in before if word == "saved"} == {
        name for word, name in before if word == "begins"
    }


def test_what_is_kept_in_memory_is_made_here(met):
    assert met.catalog.load("in_memory")[2] == str(os.getpid())


@pytest.mark.parametrize("runner", [StageRunner(), SideBySideRunner(2)])
def test_what_is_current_is_not_made_again_by_any_number_of_processes(met, runner):
    told, made = len(met.heard.words), met.catalog.load("third")
    met.run(MEETING[:4], runner)
    assert len(met.heard.words) == told
    assert met.catalog.load("third") == made


def test_what_a_worker_says_begins_with_its_node(world, capfd):
    speaking = [
        node(warn, "params:folder", name, name=f"redpo_seed_0.{name}") for name in ("first", "second")
    ]
    world.keeps("first", "second").run(speaking)
    lines = [line.partition("  ")[2] for line in capfd.readouterr().out.splitlines()]
    for name in ("first", "second"):
        own = [line for line in lines if line.startswith(f"redpo seed 0: {name}: ")]
        assert own == [f"redpo seed 0: {name}: 1 of 2 steps", f"redpo seed 0: {name}: deprecated"]
    assert not any("of no interest" in line for line in lines)


def test_an_error_comes_with_its_causes(world):
    with pytest.raises(RuntimeError, match="wrapped") as caught:
        world.keeps("first").run([node(refuse, "params:folder", "first", name="first")])
    assert isinstance(caught.value.__cause__, UserError)
    assert "the budget is 3 of 2" in str(caught.value.__cause__)


def test_an_error_stops_those_beside_it(world):
    nodes = [
        node(wait_long, "params:folder", "first", name="first"),
        node(die, "params:folder", "second", name="second"),
    ]
    begun = time.monotonic()
    with pytest.raises(UserError, match=r"second was ended by signal 9.*memory.*--processes"):
        world.keeps("first", "second").run(nodes)
    assert time.monotonic() - begun < PATIENCE
    assert not _lives(int((world.folder / "dying").read_text()))
    if (world.folder / "waiting").exists():
        assert not _lives(int((world.folder / "waiting").read_text()))


def run_and_wait(folder: Path) -> None:
    World(folder).keeps("first").run([node(wait_long, "params:folder", "first", name="first")])


def run_and_be_ended(folder: Path, number: int) -> None:
    """A signal comes while a worker works."""

    def end() -> None:
        meet(str(folder), "ends", ["waiting"])
        os.kill(os.getpid(), number)

    def stop(heard: int, _: object) -> None:
        raise SystemExit(128 + heard)

    signal.signal(signal.SIGTERM, stop)
    threading.Thread(target=end, daemon=True).start()
    run_and_wait(folder)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)])
def test_a_worker_ends_with_the_process_that_began_it(tmp_path, number, code):
    assert forked(run_and_be_ended, tmp_path, number) == code
    deadline = time.monotonic() + 10
    while _lives(int((tmp_path / "waiting").read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _lives(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_the_same_items_are_made_once_whatever_tables_and_parameters_ask_for_them(world):
    for method in ("redpo", "sft"):
        world.catalog[f"params:{method}"] = MemoryDataset(method)
    for name, rows in (("prompts_a", KEYS[:3]), ("prompts_b", KEYS[1:])):
        world.catalog[name] = TableDataset(filepath=str(world.folder / f"{name}.csv"))
        world.catalog.save(name, pd.DataFrame({"key": rows}))
    for name in ("clips_a", "clips_b"):
        store = str(world.folder / "clips")
        world.catalog[name] = LazyMapDataset(str(world.folder / f"{name}.parquet"), store, "row")
    world.run(
        [
            node(clips, ["params:folder", "prompts_a", "params:redpo"], "clips_a", name="a"),
            node(clips, ["params:folder", "prompts_b", "params:sft"], "clips_b", name="b"),
        ]
    )
    assert sorted((world.folder / "made.txt").read_text().split()) == KEYS


@pytest.mark.parametrize(
    ("count", "visible", "expected"),
    [(0, None, []), (2, None, ["0", "1"]), (2, "4,7", ["4", "7"]), (0, "", []), (1, "GPU-abc", ["GPU-abc"])],
)
def test_gpus_are_those_that_may_be_seen(count, visible, expected):
    assert own_gpus(count, visible) == expected
