"""What is made again, and what is left alone."""

import json
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline

from vip import hashing
from vip.datasets import JsonDataset
from vip.datasets.provenance import ProvenanceFolder
from vip.runners import StageRunner, ledger
from vip.runners.ledger import Ledger


class World:
    """Three nodes in a row, whose calls are counted; `tau` is the second one's parameter."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: list[str] = []
        self.parameters = {"tau": 1}
        JsonDataset(str(folder / "raw.json")).save(["a circle", "a square"])
        self.pipeline = pipeline(
            [
                node(self.clean, "raw", "clean", name="clean"),
                node(self.count, ["clean", "params:tau"], "count", name="count"),
                node(self.report, "count", "report", name="report"),
            ]
        )

    def clean(self, raw: list[str]) -> list[str]:
        self.calls.append("clean")
        return sorted(raw)

    def count(self, clean: list[str], tau: int) -> int:
        self.calls.append("count")
        return len(clean) // 2 * 2 + (tau > 10)

    def report(self, count: int) -> str:
        self.calls.append("report")
        return f"{count} prompts"

    def catalog(self) -> DataCatalog:
        names = ("raw", "clean", "count", "report")
        catalog = DataCatalog({name: JsonDataset(str(self.folder / f"{name}.json")) for name in names})
        catalog["params:tau"] = MemoryDataset(self.parameters["tau"])
        return catalog

    def records(self) -> ProvenanceFolder:
        return ProvenanceFolder(self.folder / "provenance")

    def run(self, **options: bool) -> list[str]:
        """Run all, and give the names of the nodes that were called."""
        self.calls.clear()
        runner = StageRunner()
        runner.provenance = self.records()
        runner.run(self.pipeline, self.catalog(), **options)
        return list(self.calls)

    def complaints(self) -> dict[str, str]:
        book = Ledger(self.catalog(), self.records())
        return {each.name: book.complaint(each, each.outputs[0]) for each in self.pipeline.nodes}


@pytest.fixture
def world(tmp_path) -> World:
    return World(tmp_path)


@pytest.mark.parametrize("only_missing_outputs", [False, True])
class TestRerun:
    def test_a_second_run_calls_nothing(self, world, only_missing_outputs):
        assert world.run() == ["clean", "count", "report"]
        assert world.run(only_missing_outputs=only_missing_outputs) == []
        assert set(world.complaints().values()) == {""}

    def test_a_parameter_makes_stale_what_reads_it_and_what_really_follows(self, world, only_missing_outputs):
        world.run()
        world.parameters["tau"] = 2  # changes no count
        assert world.complaints() == {"clean": "", "count": "params:tau changed", "report": ""}
        assert world.run(only_missing_outputs=only_missing_outputs) == ["count"]
        world.parameters["tau"] = 11
        assert world.run(only_missing_outputs=only_missing_outputs) == ["count", "report"]

    def test_an_input_that_was_changed_makes_stale_what_it_changes(self, world, only_missing_outputs):
        world.run()
        JsonDataset(str(world.folder / "raw.json")).save(["a square", "a circle"])
        assert world.run(only_missing_outputs=only_missing_outputs) == ["clean"]
        JsonDataset(str(world.folder / "raw.json")).save(["a square", "a circle", "b", "c"])
        assert world.run(only_missing_outputs=only_missing_outputs) == ["clean", "count", "report"]

    @pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text("[]")])
    def test_what_is_missing_or_damaged_is_made_again(self, world, only_missing_outputs, damage):
        world.run()
        whole = (world.folder / "count.json").read_bytes()
        damage(world.folder / "count.json")
        assert world.run(only_missing_outputs=only_missing_outputs) == ["count"]
        assert (world.folder / "count.json").read_bytes() == whole

    def test_other_code_makes_all_stale(self, world, only_missing_outputs, monkeypatch):
        world.run()
        monkeypatch.setattr(ledger, "package_hash", lambda: "other")
        assert world.complaints()["report"] == "the code changed"
        assert world.run(only_missing_outputs=only_missing_outputs) == ["clean", "count", "report"]

    @pytest.mark.parametrize("content", ["", "{}", "[1]", '{"recipe": {}, "fingerprint": ""}', None])
    def test_without_a_readable_record_it_is_made_again(self, world, only_missing_outputs, content):
        world.run()
        record = world.folder / "provenance" / "count.json"
        record.unlink() if content is None else record.write_text(content)
        assert world.complaints()["count"] == "how it was made is not known"
        assert world.run(only_missing_outputs=only_missing_outputs) == ["count"]


def test_a_record_tells_node_code_and_inputs(world):
    world.run()
    record = json.loads((world.folder / "provenance" / "count.json").read_text())
    book = Ledger(world.catalog(), world.records())
    assert record["recipe"] == {
        "node": "count",
        "code": hashing.package_hash(),
        "inputs": {"clean": book.fingerprint("clean"), "params:tau": book.fingerprint("params:tau")},
    }
    assert record["fingerprint"] == book.fingerprint("count")


def test_a_node_that_fails_leaves_its_output_stale(world, monkeypatch):
    world.run()
    world.parameters["tau"] = 11
    broken = World(world.folder)
    broken.parameters = world.parameters
    failing = node(lambda clean, tau: 1 / 0, ["clean", "params:tau"], "count", name="count")
    broken.pipeline = pipeline([failing])
    with pytest.raises(ZeroDivisionError):
        broken.run()
    assert world.run() == ["count", "report"]


def test_what_is_kept_in_memory_is_always_made(world):
    through_memory = [
        node(world.clean, "raw", "memory"),
        node(world.count, ["memory", "params:tau"], "count"),
    ]
    world.pipeline = pipeline(through_memory)
    assert world.run() == ["clean", "count"]
    assert world.run() == ["clean", "count"]


def test_without_records_nothing_is_skipped(world):
    for _ in range(2):
        world.calls.clear()
        StageRunner().run(world.pipeline, world.catalog())
        assert world.calls == ["clean", "count", "report"]
