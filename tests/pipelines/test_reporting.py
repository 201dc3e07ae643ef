"""The reporting pipeline, run by Kedro over two made-up stages."""

from dataclasses import asdict
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from tests.unit.evaluation import synthetic

from vip.datasets import OptionalDataset, TableDataset, TextDataset
from vip.evaluation.stages import DATASETS
from vip.pipelines.evaluation.config import Evaluation
from vip.pipelines.reporting.nodes import _as_written
from vip.pipelines.reporting.pipeline import create_pipeline

SHARED = {
    "teacher", "filtering_counts", "judging_counts", "parameters", "params:evaluation",
    "vbench_full_scores", "vbench_student_scores",
}  # fmt: skip


@pytest.mark.parametrize("stages", [1, 2, 3])
def test_reads_every_stage_in_its_namespace(stages: int) -> None:
    reporting = create_pipeline(stages)
    assert reporting.inputs() == SHARED | {
        f"stage_{stage}.{name}" for stage in range(1, stages + 1) for name in DATASETS
    }
    assert reporting.outputs() == {"report"}
    assert {node.name for node in reporting.nodes} == reporting.all_outputs() == {"results", "report"}
    assert all(node.tags == {"reporting"} for node in reporting.nodes)


def test_kedro_hands_every_dataset_to_its_stage(tmp_path: Path) -> None:
    prompts = synthetic.prompts_of_shapes(4)
    arguments = synthetic.stage_arguments(2, prompts=prompts)
    values = {
        "teacher": synthetic.model_folder("teacher"),
        "filtering_counts": synthetic.filtering_counts(),
        "judging_counts": synthetic.judging_counts(),
        "parameters": synthetic.PARAMETERS,
        "params:evaluation": synthetic.ONE_EXAMPLE,
        **{name.replace("__", ".", 1): value for name, value in arguments.items()},
    }
    catalog = DataCatalog({name: MemoryDataset(value, copy_mode="assign") for name, value in values.items()})
    for name in ("full", "student"):
        table = {"type": "vip.datasets.TableDataset", "filepath": str(tmp_path / f"{name}.csv")}
        catalog[f"vbench_{name}_scores"] = OptionalDataset(table)
    catalog["vbench_student_scores"].save(synthetic.vbench_scores("student-2"))
    catalog["results"] = TableDataset(filepath=str(tmp_path / "results.csv"))
    catalog["report"] = TextDataset(filepath=str(tmp_path / "report.html"))
    SequentialRunner().run(create_pipeline(2), catalog)

    results, report = catalog.load("results"), catalog.load("report")
    assert set(results["stage"]) == {1, 2}
    expected = arguments["stage_2__metrics"]
    assert list(results[results["stage"] == 2]["mean"]) == pytest.approx(list(expected["mean"]))
    assert report.startswith("<!DOCTYPE html>")
    assert report.rstrip().endswith("</html>")
    assert prompts[0] in report
    assert '<section id="vbench">' in report


def test_settings_that_kedro_made_typed_are_shown_as_written() -> None:
    typed = {
        "evaluation": Evaluation(resamples=100, confidence=0.95, examples=1, latency_clips=1, seed=0),
        "stages": 2,
    }
    assert _as_written(typed) == {"evaluation": asdict(typed["evaluation"]), "stages": 2}
