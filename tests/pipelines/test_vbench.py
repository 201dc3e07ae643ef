"""The pipeline from a model folder to both tables, with a real process in VBench's place."""

import json
import sys
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError
from tests.tiny.settings import vbench, video_generation

from vip.datasets import JsonDataset, LazyMapDataset, TableDataset, VideoFolderDataset
from vip.errors import UserError
from vip.pipelines.vbench import nodes
from vip.pipelines.vbench.pipeline import create_pipeline
from vip.vbench.dimensions import DIMENSIONS, totals

PROGRAM = Path(__file__).parents[1] / "tiny" / "vbench.py"
STATIC, DYNAMIC = "a bicycle leaning against a tree", "a dog running happily"
INFO = [
    {"prompt_en": DYNAMIC, "dimension": ["subject_consistency", "dynamic_degree", "motion_smoothness"]},
    {"prompt_en": STATIC, "dimension": ["dynamic_degree"]},
    {"prompt_en": "In a still frame, a circle: red", "dimension": ["temporal_flickering", "color"]},
    {
        "prompt_en": DYNAMIC,
        "dimension": [
            name for name in DIMENSIONS if name not in ("dynamic_degree", "temporal_flickering", "color")
        ],
    },
]
SETTINGS = vbench(
    command=[
        sys.executable,
        str(PROGRAM),
        *(f"--{name}={{{place}}}" for name, place in (("videos_path", "videos"), ("full_json_dir", "info"))),
        "--output_path={output}",
        "--dimension={dimension}",
    ],
    samples=2,
    batch_size=4,
)
SAMPLING = video_generation(steps=1, guidance_scale=1.0, batch_size=3)


@pytest.fixture
def catalog(tiny_folder, tmp_path):
    (tmp_path / "info.json").write_text(json.dumps(INFO))
    clips = {"filepath": "clips.parquet", "store": "clips", "codec": "clip"}
    rows = {"codec": "row"}
    datasets = {"vbench_info": JsonDataset(filepath=str(tmp_path / "info.json"))}
    for name in ("full", "student"):
        place = tmp_path / name
        datasets |= {
            f"vbench_{name}_clips": LazyMapDataset(
                filepath=str(place / clips["filepath"]), store=str(tmp_path / "clips"), codec="clip"
            ),
            f"vbench_{name}_videos": VideoFolderDataset(filepath=str(place / "vbench")),
            f"vbench_{name}_scores": TableDataset(filepath=str(place / "scores.csv")),
        }
        for kind in ("dimension", "measure"):
            datasets[f"vbench_{name}_{kind}_items"] = LazyMapDataset(
                filepath=str(place / f"{kind}.parquet"), store=str(place / kind), **rows
            )
    given = {"params:vbench": SETTINGS, "params:video_generation": SAMPLING}
    given |= {"teacher": tiny_folder, "stage_2.student": tiny_folder}
    datasets |= {name: MemoryDataset(value, copy_mode="assign") for name, value in given.items()}
    return DataCatalog(datasets)


def test_a_model_folder_becomes_both_tables(catalog, tmp_path):
    SequentialRunner().run(create_pipeline(stages=2), catalog)
    table = catalog.load("vbench_full_scores").set_index("measure")
    assert list(table.index[: len(DIMENSIONS)]) == list(DIMENSIONS)
    sums = totals(table["published"].to_dict())
    assert table.loc["total", "published"] == pytest.approx(sums.total)
    sums = totals(table["revised"].to_dict())
    assert table.loc["quality", "revised"] == pytest.approx(sums.quality)
    assert table.loc["temporal_flickering (ours)", "published"] <= 1
    assert set(table["model"]) == {catalog.load("teacher").fingerprint}

    videos = sorted(path.name for path in (tmp_path / "full" / "vbench" / "videos").iterdir())
    assert videos == sorted(
        f"{prompt}-{n}.mp4" for prompt in {e["prompt_en"] for e in INFO} for n in range(2)
    )
    same = catalog.load("vbench_student_scores").set_index("measure")
    assert same.loc["total"].tolist() == table.loc["total"].tolist()


def test_nothing_is_run_twice(catalog, monkeypatch):
    steps = create_pipeline(stages=2).to_nodes("vbench_full_scores")
    SequentialRunner().run(steps, catalog)
    before = catalog.load("vbench_full_scores")
    for name in ("run_dimension", "measure"):
        monkeypatch.setattr(nodes, name, None)
    SequentialRunner().run(steps, catalog)
    assert catalog.load("vbench_full_scores").equals(before)


def test_each_sample_has_noise_of_its_own_and_the_first_is_everyones(tiny_folder):
    prompts = nodes.list_prompts(INFO)
    table = nodes.generate_benchmark_clips(tiny_folder, prompts, SAMPLING, SETTINGS).table
    assert len(table) == 6
    assert table["key"].is_unique
    assert table["prompt"].tolist()[:2] == [DYNAMIC] * 2
    single = nodes.generate_benchmark_clips(tiny_folder, prompts, SAMPLING, vbench(samples=1)).table
    assert table["key"].tolist()[::2] == single["key"].tolist()


def test_without_a_command_only_our_measures_are_made(catalog):
    catalog["params:vbench"] = MemoryDataset(vbench(samples=2), copy_mode="assign")
    pipeline = create_pipeline(stages=2)
    measures = SequentialRunner().run(pipeline.only_nodes_with_tags("vbench_measures"), catalog)
    table = measures["vbench_full_measures"].load()
    assert table["dimension"].value_counts().to_dict() == {"dynamic_degree": 4, "temporal_flickering": 2}
    assert set(table.loc[table["dimension"] == "dynamic_degree", "value"]) <= {0.0, 1.0}


def test_without_a_command_the_whole_is_refused_before_any_clip_is_made(catalog, tmp_path):
    catalog["params:vbench"] = MemoryDataset(vbench(samples=2), copy_mode="assign")
    with pytest.raises(UserError, match=r"vbench.command is empty"):
        SequentialRunner().run(create_pipeline(stages=2), catalog)
    assert not (tmp_path / "clips").exists()


def test_a_list_without_all_dimensions_is_refused():
    with pytest.raises(UserError, match="11 of VBench's 16 dimensions are missing"):
        nodes.list_dimensions(INFO[:3], SETTINGS)


@pytest.mark.parametrize(
    "fields", [{"samples": 6}, {"samples": 0}, {"hours": 0}, {"comand": []}, {"batch_size": 0}]
)
def test_impossible_settings_are_refused(fields):
    with pytest.raises(ValidationError):
        vbench(**fields)
