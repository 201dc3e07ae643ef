"""Runs whose inputs are missing are refused before they begin."""

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import node, pipeline

from vip.datasets import TextDataset
from vip.errors import UserError
from vip.hooks.guard import check_inputs


def make_it(*inputs: object) -> object:
    return inputs


def makes(*names: str):
    return pipeline([node(make_it, inputs="raw", outputs=name, name=name) for name in names])


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    pipelines = {
        "__default__": makes("prompts", "clips", "scores"),
        "prompt_filtering": makes("prompts"),
        "comparison": makes("prompts", "comparison_arms"),
    }
    monkeypatch.setattr("kedro.framework.project.pipelines", pipelines)


READER = pipeline([node(make_it, inputs=["text", "params:seed"], outputs="copy", name="copy")])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "text.txt"


@pytest.fixture
def catalog(path):
    return DataCatalog({"text": TextDataset(str(path))})


def test_what_is_there_passes(path, catalog):
    path.write_text("here")
    check_inputs(READER, catalog)


def test_what_is_missing_is_named_with_its_place(path, catalog):
    with pytest.raises(UserError, match=f"text is missing at {path}; put it there"):
        check_inputs(READER, catalog)


def test_what_no_catalog_knows_is_missing():
    with pytest.raises(UserError, match="text is missing; put it there"):
        check_inputs(READER, DataCatalog({"other": MemoryDataset(1)}))


@pytest.mark.parametrize(
    ("name", "maker"),
    [("prompts", "prompt_filtering"), ("comparison_arms", "comparison"), ("scores", "__default__")],
)
def test_what_a_pipeline_makes_is_named_with_the_smallest_that_does(name, maker):
    reader = pipeline([node(make_it, inputs=name, outputs="copy", name="copy")])
    with pytest.raises(UserError, match=f"{name} is missing; make it with kedro run --pipeline={maker}$"):
        check_inputs(reader, DataCatalog({"other": MemoryDataset(1)}))


def test_what_another_stage_makes_is_named_with_the_command(path):
    reader = pipeline([node(make_it, inputs="stage_1.student", outputs="copy", name="copy")])
    with pytest.raises(UserError, match="kedro run --pipeline=stage --params=stage:1"):
        check_inputs(reader, DataCatalog({"stage_1.student": TextDataset(str(path))}))


def test_what_alignment_makes_is_named_with_its_command(path):
    reader = pipeline([node(make_it, inputs="alignment.student", outputs="copy", name="copy")])
    with pytest.raises(UserError, match=r"alignment makes it: kedro run --pipeline=alignment"):
        check_inputs(reader, DataCatalog({"alignment.student": TextDataset(str(path))}))


def test_what_an_arm_makes_is_named_with_the_comparisons_command(path):
    reader = pipeline([node(make_it, inputs="sft_seed_0_stage_1.student", outputs="copy", name="copy")])
    with pytest.raises(UserError, match=r"a comparison makes it: kedro run --pipeline=comparison"):
        check_inputs(reader, DataCatalog({"sft_seed_0_stage_1.student": TextDataset(str(path))}))
