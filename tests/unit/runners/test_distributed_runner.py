"""Several processes make what one makes: here as threads that meet at a barrier."""

import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline

from vip.datasets import JsonDataset, LazyMapDataset
from vip.datasets.provenance import ProvenanceFolder
from vip.processes import Processes
from vip.runners import DistributedRunner
from vip.types import LazyMap

KEYS = [f"{number:032x}" for number in range(7)]


@dataclass(frozen=True)
class Threads(Processes):
    """Processes that are threads: what they say lies on one board."""

    board: Any = None

    def from_all(self, own: Any) -> list[Any]:
        words, barrier = self.board
        words[self.number] = own
        barrier.wait(timeout=60)
        heard = [words[number] for number in range(self.count)]
        barrier.wait(timeout=60)
        return heard


class Job:
    """A lazy map, a table of it, and a training, in a folder, by so many threads."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.count = count
        self.made: dict[int, list[str]] = defaultdict(list)
        self.calls: list[tuple[str, int]] = []
        self.own = threading.local()
        self.pipeline = pipeline(
            [
                node(self.clips, "raw", "clips", name="clips"),
                node(self.scores, "clips", "scores", name="scores"),
                node(self.train, "scores", ["student", "notes"], name="student", tags="every_process"),
            ]
        )

    def clips(self, raw: list[str]) -> LazyMap[Any]:
        def make(keys: Any) -> list[dict[str, Any]]:
            self.made[self.own.processes.number].extend(keys)
            return [{"length": float(int(key, 16))} for key in keys]

        return LazyMap(pd.DataFrame({"key": KEYS}), make, 2, "clips")

    def scores(self, clips: Any) -> list[float]:
        self.calls.append(("scores", self.own.processes.number))
        return [item["length"] for item in clips.values()]

    def train(self, scores: list[float]) -> tuple[float, str]:
        self.calls.append(("student", self.own.processes.number))
        parts = self.own.processes.from_all(sum(scores[self.own.processes.number :: self.count]))
        return sum(parts), f"by process {self.own.processes.number}"

    def catalog(self) -> DataCatalog:
        store = LazyMapDataset(str(self.folder / "clips.parquet"), str(self.folder / "store"), "row")
        names = ("raw", "scores", "student", "notes")
        kept: dict[str, Any] = {name: JsonDataset(str(self.folder / f"{name}.json")) for name in names}
        return DataCatalog({"clips": store, **kept})

    def run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        JsonDataset(str(self.folder / "raw.json")).save([])
        for module in ("vip.datasets.lazy_map", "vip.runners.distributed_runner"):
            monkeypatch.setattr(f"{module}.this_run", lambda: self.own.processes)
        board = ({}, threading.Barrier(self.count))
        threads = [threading.Thread(target=self.process, args=(n, board)) for n in range(self.count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)

    def process(self, number: int, board: Any) -> None:
        self.own.processes = Threads(number, self.count, board)
        runner = DistributedRunner()
        runner.provenance = ProvenanceFolder(self.folder / "provenance")
        runner.run(self.pipeline, self.catalog())

    def files(self) -> dict[str, bytes]:
        paths = (path for path in sorted(self.folder.rglob("*")) if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("count", [2, 3])
def test_several_processes_leave_the_bytes_that_one_leaves(tmp_path, monkeypatch, count):
    alone, together = Job(tmp_path / "alone", 1), Job(tmp_path / "together", count)
    alone.run(monkeypatch)
    together.run(monkeypatch)
    assert together.files() == alone.files()
    assert "student.json" in together.files()


def test_a_map_is_shared_out_and_what_cannot_be_shared_is_done_once(tmp_path, monkeypatch):
    job = Job(tmp_path, 2)
    job.run(monkeypatch)
    assert job.made == {0: KEYS[0:2] + KEYS[4:6], 1: KEYS[2:4] + KEYS[6:7]}
    assert sorted(job.calls) == [("scores", 0), ("student", 0), ("student", 1)]
    assert JsonDataset(str(tmp_path / "notes.json")).load() == "by process 0"
    assert JsonDataset(str(tmp_path / "student.json")).load() == sum(range(7))


def test_another_number_of_processes_makes_only_the_rest(tmp_path, monkeypatch):
    Job(tmp_path, 3).run(monkeypatch)
    whole = Job(tmp_path, 1).files()
    for key in KEYS[1:4]:
        (tmp_path / "store" / f"{key}.json").unlink()
    again = Job(tmp_path, 2)
    again.run(monkeypatch)
    assert sorted(key for keys in again.made.values() for key in keys) == KEYS[1:4]
    assert again.files() == whole
    assert again.calls == [], "the scores are up to date, so nobody makes them"
