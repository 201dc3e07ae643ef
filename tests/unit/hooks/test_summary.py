"""What a run says when it is over."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from kedro.io import DataCatalog

from vip.datasets import TextDataset
from vip.hooks.summary import Summary


@pytest.fixture
def catalog(tmp_path):
    return DataCatalog({"report": TextDataset(str(tmp_path / "report.html"))})


@pytest.fixture
def summary(tmp_path):
    hook = Summary()
    hook.after_context_created(SimpleNamespace(project_path=tmp_path))
    return hook


def test_results_report_and_commands_are_told(monkeypatch, tmp_path, capsys, catalog, summary):
    monkeypatch.setattr("vip.evaluation.results.results_as_text", lambda results: f"table of {results}")
    monkeypatch.chdir(tmp_path)
    summary.after_dataset_saved("results", "two stages")
    summary.after_pipeline_run(catalog)
    told = capsys.readouterr().out
    assert "table of two stages" in told
    assert "report.html\n" in told
    assert "kedro viz run" in told
    assert "mlflow ui" in told


def test_a_run_without_results_tells_nothing(capsys, catalog, summary):
    summary.after_dataset_saved("stage_1.metrics", "metrics")
    summary.after_pipeline_run(catalog)
    assert capsys.readouterr().out == ""


def test_a_new_run_forgets_the_last_ones_results(capsys, catalog, summary):
    summary.after_dataset_saved("results", "old")
    summary.after_context_created(SimpleNamespace(project_path=Path()))
    summary.after_pipeline_run(catalog)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("page", ["comparison_page", "alignment.page"])
def test_a_comparison_and_alignment_tell_where_their_page_is(tmp_path, capsys, summary, page):
    catalog = DataCatalog({page: TextDataset(str(tmp_path / "some_page.html"))})
    summary.after_node_skipped(SimpleNamespace(outputs=[page]), catalog)
    summary.after_pipeline_run(catalog)
    assert "some_page.html" in capsys.readouterr().out
    summary.after_context_created(SimpleNamespace(project_path=tmp_path))
    summary.after_dataset_saved(page, "<html>")
    summary.after_pipeline_run(catalog)
    assert "some_page.html" in capsys.readouterr().out
