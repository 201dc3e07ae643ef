"""Catalog, parameters and pipelines agree: nothing is missing, nothing is left over."""

import inspect

import pytest
from kedro.framework.project import settings
from kedro.io import DataCatalog, MemoryDataset

from vip.config_loader import ProjectConfigLoader
from vip.parameters import SHELL_PARAMETERS, check_parameters, typed_parameters


@pytest.fixture(scope="module")
def loader(root, registered):
    return ProjectConfigLoader(str(root / "conf"), **settings.CONFIG_LOADER_ARGS)


@pytest.fixture(scope="module")
def entries(loader):
    return loader["catalog"]


@pytest.fixture(scope="module")
def datasets(registered):
    every = set().union(*(pipeline.datasets() for pipeline in registered.values()))
    return {name for name in every if not name.startswith("params:") and name != "parameters"}


def test_every_dataset_is_in_the_catalog(entries, datasets):
    catalog = DataCatalog.from_config(entries)
    one_each = {catalog.config_resolver.match_dataset_pattern(name) or name: name for name in datasets}
    kept = {name: catalog.get(name) for name in one_each.values()}
    assert [
        name for name, dataset in kept.items() if dataset is None or isinstance(dataset, MemoryDataset)
    ] == []


def test_every_catalog_entry_is_used(entries, datasets):
    catalog = DataCatalog.from_config(entries)
    matched = {catalog.config_resolver.match_dataset_pattern(name) or name for name in datasets}
    assert set(entries) - matched == set()


def test_every_entry_has_a_layer_for_kedro_viz(entries):
    for name, entry in entries.items():
        layer = entry["metadata"]["kedro-viz"]["layer"]
        assert f"_{layer}/" in entry.get("dataset", entry)["filepath"], name


def test_every_parameter_is_read(loader, registered):
    check_parameters(loader["parameters"], registered)


def test_every_parameter_of_a_node_is_checked(registered):
    read = {
        name for pipeline in registered.values() for name in pipeline.inputs() if name.startswith("params:")
    }
    assert {name.removeprefix("params:") for name in read} == set(typed_parameters(registered))


def test_every_setting_is_documented(registered):
    for kind in {*typed_parameters(registered).values(), *SHELL_PARAMETERS.values()}:
        source = inspect.getsource(kind)
        for name in inspect.get_annotations(kind):
            assert source.partition(f"    {name}: ")[2].partition('"""')[2], f"{kind.__name__}.{name}"


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_registry_has_as_many_stages_as_the_parameters(root, registered, monkeypatch, count):
    from vip import config_loader, pipeline_registry

    monkeypatch.setattr(config_loader, "_latest", [{"parameters": {"stages": count}}])
    names = [name for name in pipeline_registry.register_pipelines() if name.startswith("stage_")]
    assert names == [f"stage_{number}" for number in range(1, count + 1)]


def test_names_alone_make_no_pipeline(root, registered, monkeypatch):
    from vip import pipeline_registry
    from vip.pipelines.comparison import pipeline as comparison

    monkeypatch.setattr(
        comparison, "create_pipeline", lambda runs, opinions: pytest.fail(f"made of {len(runs)} runs")
    )
    assert "comparison" in sorted(pipeline_registry.register_pipelines())


def test_each_stage_starts_from_the_student_of_the_one_before(registered):
    assert "stage_1.student" in registered["stage_2"].inputs()
    assert not {name for name in registered["stage_1"].inputs() if name.startswith("stage_2")}


def test_the_default_pipeline_needs_nothing_but_what_is_brought_along(entries, registered):
    catalog = DataCatalog.from_config(entries)
    inputs = {
        name
        for name in registered["__default__"].inputs()
        if not name.startswith("param") and not getattr(catalog.get(name), "optional", False)
    }
    checkpoints = {name for name in inputs if name.endswith(".checkpoints")}
    assert inputs - checkpoints == {"raw_prompts", "raw_evaluation_prompts", "teacher"}


@pytest.mark.parametrize(
    "step",
    [
        "prompt_filtering",
        "video_generation",
        "scoring",
        "pair_curation",
        "redpo_training",
        "evaluation",
        "block_pruning",
        "reporting",
    ],
)
def test_each_step_is_a_pipeline_of_its_own(registered, step):
    nodes = registered[step].nodes
    assert nodes
    assert all(step in node.tags for node in nodes)
