"""`kedro verify` tells whole from damaged, and current from stale."""

from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline

from vip.commands.verify import Finding, as_text, of_artifacts, of_seals
from vip.datasets import JsonDataset
from vip.datasets.provenance import ProvenanceFolder
from vip.runners import StageRunner

PIPELINE = pipeline(
    [
        node(sorted, "raw", "clean", name="clean"),
        node(lambda clean, tau: len(clean) + tau, ["clean", "params:tau"], "count", name="count"),
        node(lambda count: f"{count}", "count", "report", name="report"),
    ]
)


class Folder:
    """A data folder after a run with tau 1."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = ProvenanceFolder(path / "provenance")
        self.dataset("raw").save(["b", "a"])
        runner = StageRunner()
        runner.provenance = self.records
        runner.run(PIPELINE, self.catalog())

    def dataset(self, name: str) -> JsonDataset:
        return JsonDataset(str(self.path / f"{name}.json"))

    def catalog(self, tau: int = 1) -> DataCatalog:
        names = ("raw", "clean", "count", "report")
        return DataCatalog({name: self.dataset(name) for name in names} | {"params:tau": MemoryDataset(tau)})

    def findings(self, tau: int = 1) -> dict[str, tuple[str, str]]:
        found = of_artifacts(PIPELINE, self.catalog(tau), self.records)
        return {finding.artifact: (finding.state, finding.reason) for finding in found}


@pytest.fixture
def folder(tmp_path) -> Folder:
    return Folder(tmp_path)


def test_after_a_run_all_is_current(folder):
    assert folder.findings() == dict.fromkeys(["clean", "count", "raw", "report"], ("current", ""))
    assert list(of_seals(folder.path)) == []


def test_another_parameter_makes_stale_what_reads_it(folder):
    assert folder.findings(tau=2) == dict.fromkeys(["clean", "raw", "report"], ("current", "")) | {
        "count": ("stale", "params:tau changed")
    }


def test_a_damaged_artifact_is_named_and_what_needs_it_is_stale(folder):
    (folder.path / "clean.json").write_text("[]")
    findings = folder.findings()
    assert findings["clean"][0] == "damaged"
    assert "clean.json is damaged or was altered" in findings["clean"][1]
    assert findings["count"] == ("stale", "clean missing or damaged")
    (seal,) = of_seals(folder.path)
    assert (seal.state, seal.artifact) == ("damaged", "clean.json")


def test_a_damaged_input_is_named(folder):
    (folder.path / "raw.json").write_text("[]")
    assert folder.findings()["raw"][0] == "damaged"


def test_what_is_not_there_is_not_told(folder):
    (folder.path / "report.json").unlink()
    assert "report" not in folder.findings()


def test_an_artifact_without_a_record_is_unrecorded(folder):
    (folder.path / "provenance" / "count.json").unlink()
    assert folder.findings()["count"] == ("unrecorded", "how it was made is not known")


def test_as_text_lists_what_is_not_current_and_counts_the_rest():
    stale = Finding("stale", "count", "params:tau changed")
    text = as_text([Finding("current", "raw"), stale, Finding("current", "clean"), stale])
    assert text.splitlines() == ["stale  count  params:tau changed", "2 current, 1 stale"]
    assert as_text([]) == "nothing is there"
