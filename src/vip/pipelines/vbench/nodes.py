"""Make VBench's videos, let it judge them, and add up what it says."""

from collections.abc import Sequence
from typing import Any

from vip.families.folder import ModelFolder
from vip.hashing import content_hash
from vip.pipelines.vbench.config import VBench
from vip.pipelines.video_generation.config import VideoGeneration
from vip.pipelines.video_generation.nodes import generate_clips
from vip.types import Clip, Items, LazyMap, Table
from vip.vbench.command import check_command, run_dimension, scores_of
from vip.vbench.dimensions import check_complete
from vip.vbench.measures import MEASURED, measure
from vip.vbench.prompts import dimensions_of, names_of, read_prompts
from vip.vbench.results import tabulate
from vip.vbench.videos import VideoFolder, named_videos


def list_prompts(vbench_info: Any) -> Table:
    """VBench's prompts, each once: prompt_id, prompt, dimensions."""
    return read_prompts(vbench_info)


def list_dimensions(vbench_info: Any, settings: VBench) -> list[str]:
    """The dimensions to run; UserError, before anything is made, where they or the command are incomplete."""
    check_command(settings.command)
    dimensions = dimensions_of(read_prompts(vbench_info))
    check_complete(dimensions)
    return dimensions


def generate_benchmark_clips(
    model: ModelFolder, prompts: Table, sampling: VideoGeneration, settings: VBench
) -> LazyMap[Clip]:
    """The model's clips of VBench's prompts, `samples` each: key, prompt_id, prompt, seed."""
    return generate_clips(model, prompts, sampling, settings.samples)


def name_videos(clips: Items[Clip]) -> Items[Clip]:
    """The clips under VBench's file names."""
    return named_videos(clips)


def judge_videos(
    videos: VideoFolder, vbench_info: Any, prompts: Table, dimensions: list[str], settings: VBench
) -> LazyMap[dict[str, float]]:
    """VBench's result in each dimension: its `score`, and each video's own by its name.

    A result's key depends on the dimension, its videos and the command, so a dimension is run once.
    """
    import pandas as pd

    names = {dimension: names_of(prompts, dimension, settings.samples) for dimension in dimensions}
    keys = {
        dimension: content_hash(
            "vbench", dimension, videos.fingerprint_of(names[dimension]), settings.command
        )
        for dimension in dimensions
    }
    by_key = {key: dimension for dimension, key in keys.items()}

    def make_batch(batch: Sequence[str]) -> list[dict[str, float]]:
        rows = []
        for dimension in (by_key[key] for key in batch):
            told = run_dimension(settings.command, videos.path, vbench_info, dimension, settings.hours)
            rows.append(scores_of(told, dimension, names[dimension]))
        return rows

    table = pd.DataFrame({"key": list(by_key), "dimension": list(by_key.values())})
    return LazyMap(table, make_batch, 1, title="Running VBench")


def measure_videos(clips: Items[Clip], prompts: Table, settings: VBench) -> LazyMap[dict[str, float]]:
    """What needs no model, of the videos that VBench takes it on: key, clip, prompt, dimension."""
    import pandas as pd

    named = named_videos(clips).table
    rows = []
    for dimension in MEASURED:
        chosen = named[named["key"].isin(names_of(prompts, dimension, settings.samples))]
        rows.append(chosen[["clip", "prompt"]].assign(dimension=dimension))
    table = pd.concat(rows, ignore_index=True)
    keys = [
        content_hash("vbench measure", MEASURED[dimension], clip, settings.frames_per_second)
        for dimension, clip in zip(table["dimension"], table["clip"], strict=True)
    ]
    table.insert(0, "key", keys)
    subjects = dict(zip(keys, zip(table["dimension"], table["clip"], strict=True), strict=True))

    def make_batch(batch: Sequence[str]) -> list[dict[str, float]]:
        chosen = [subjects[key] for key in batch]
        return [
            {"value": measure(dimension, clips[clip].frames, settings.frames_per_second)}
            for dimension, clip in chosen
        ]

    return LazyMap(table, make_batch, settings.batch_size, title="Measuring VBench's videos")


def tabulate_measures(measure_items: Items[dict[str, float]]) -> Table:
    """One row a video and dimension: what it is, and the measured `value`."""
    table = measure_items.table.reset_index(drop=True)
    by_key = {key: measure_items[key]["value"] for key in measure_items}
    return table.assign(value=[by_key[key] for key in table["key"]])


def gather_scores(
    dimension_items: Items[dict[str, float]], measures: Table, prompts: Table, model: ModelFolder
) -> Table:
    """VBench's dimensions and totals, as published and with the revised dynamic degree; ours beside them.

    `model` is the fingerprint of the model whose videos they are about.
    """
    by_dimension = {
        dimension: dimension_items[key]
        for key, dimension in zip(
            dimension_items.table["key"], dimension_items.table["dimension"], strict=True
        )
    }
    return tabulate(by_dimension, measures, prompts).assign(model=model.fingerprint)
