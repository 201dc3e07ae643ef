"""Made-up stages for the tests of verdict, results and report: what a stage leaves behind, in miniature."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from vip.evaluation.arguments import argument_name
from vip.evaluation.comparison import DIMENSIONS, compare
from vip.evaluation.stages import DATASETS
from vip.families.folder import ModelFolder
from vip.pipelines.evaluation.config import Evaluation
from vip.shapes.captions import describe
from vip.shapes.renderer import render_random
from vip.shapes.scene import all_scenes
from vip.types import PROPERTIES, Clip, Items
from vip.vbench.dimensions import DIMENSIONS as VBENCH

SETTINGS = Evaluation(resamples=200, confidence=0.95, examples=2, latency_clips=3, seed=0)
ONE_EXAMPLE = Evaluation(resamples=200, confidence=0.95, examples=1, latency_clips=3, seed=0)
UNITS = [f"down_blocks.{block}.motion_modules.{index}" for block in range(3) for index in range(2)]
UNITS += ["mid_block.motion_modules.0", "up_blocks.0.motion_modules.0", "up_blocks.0.motion_modules.1"]
SIZES = [30_000, 30_000, 60_000, 60_000, 120_000, 120_000, 120_000, 60_000, 60_000]
REMOVED = {1: [UNITS[7], UNITS[0]], 2: [UNITS[4], UNITS[8]], 3: [UNITS[1]]}
REWARD = "videoscore TIGER-Lab/VideoScore@0123abcd, 16 frames, bfloat16"
OFFSETS = {"full": 0.0, "pruned": -0.30, "student": -0.05}

PARAMETERS = {
    "stages": 2,
    "video_generation": {"steps": 8, "guidance_scale": 3.0, "batch_size": 16, "seed": 0},
    "scoring": {"reward": {"name": "shapes_oracle", "options": {}}, "batch_size": 16},
    "redpo_training": {"method": "redpo", "beta": 5000, "sft_weight": 1000.0, "seed": 4},
    "evaluation": {"resamples": 200, "confidence": 0.95, "examples": 2, "latency_clips": 3, "seed": 0},
}


def model_folder(name: str) -> ModelFolder:
    return ModelFolder(Path("models") / name, "animatediff", f"fingerprint-of-{name}")


def scores_of(model: str, prompts: list[str], offset: float, *, spread: float = 0.1) -> pd.DataFrame:
    """Scores around 3.5 that share what belongs to the prompt; `offset` moves them all."""
    common = np.random.default_rng(1).normal(3.5, 0.2, size=(len(prompts), 4))
    seed = sum(map(ord, model))
    scores = common + offset + np.random.default_rng(seed).normal(0, spread, size=common.shape)
    table = pd.DataFrame(
        {
            "key": [f"score-{model}-{row}" for row in range(len(prompts))],
            "clip": [f"clip-{model}-{row}" for row in range(len(prompts))],
            "prompt_id": [f"prompt-{row}" for row in range(len(prompts))],
            "prompt": prompts,
            "seed": 0,
            "reward": REWARD,
        }
    )
    table[list(PROPERTIES)] = scores.clip(1, 4)
    table["average"] = table[list(PROPERTIES)].mean(axis=1)
    return table


def clips_of(scores: pd.DataFrame, damage: float) -> Items[Clip]:
    """True renderings of random scenes, with noise as damage."""
    scenes = all_scenes()

    def read(key: str) -> Clip:
        number = int(key.rsplit("-", 1)[1])
        frames = render_random(scenes[(number * 37) % len(scenes)], number).astype(float)
        noise = np.random.default_rng(number).normal(0, damage, size=frames.shape)
        return Clip(torch.zeros(4, 8, 8, 8), (frames + noise).clip(0, 255).astype(np.uint8))

    return Items(scores.rename(columns={"key": "score", "clip": "key"}), read)


def importance_of(stage: int) -> pd.DataFrame:
    """Each unit still present costs something to remove; the first must stay and is not measured."""
    gone = {name for earlier in range(1, stage) for name in REMOVED[earlier]}
    generator = np.random.default_rng(stage)
    rows = []
    for unit, parameters in zip(UNITS, SIZES, strict=True):
        if unit in gone:
            continue
        removable = unit != UNITS[5]
        for dimension in DIMENSIONS:
            difference = float(generator.normal(-0.2, 0.25)) if removable else float("nan")
            rows.append(
                {
                    "unit": unit, "parameters": parameters, "removable": removable, "dimension": dimension,
                    "mean": 3.5 + difference, "difference": difference,
                    "low": difference - 0.08, "high": difference + 0.07,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def record_up_to(stage: int) -> dict[str, Any]:
    stages = []
    parameters = sum(SIZES)
    for number in range(1, stage + 1):
        after = parameters - sum(SIZES[UNITS.index(name)] for name in REMOVED[number])
        stages.append(
            {
                "stage": number, "removed": REMOVED[number], "parameters_before": parameters,
                "parameters_after": after, "flops_before": 100 * parameters, "flops_after": 100 * after,
            }
        )  # fmt: skip
        parameters = after
    return {"teacher": "fingerprint-of-teacher", "licence": "Apache-2.0", "stages": stages}


def costs_at(stage: int) -> pd.DataFrame:
    small = record_up_to(stage)["stages"][-1]["parameters_after"]
    sizes = {"full": sum(SIZES), "pruned": small, "student": small}
    return pd.DataFrame(
        {
            "model": list(sizes),
            "parameters": list(sizes.values()),
            "flops": [100 * size for size in sizes.values()],
            "seconds_per_clip": [0.1 + size / 4e6 for size in sizes.values()],
            "peak_memory_bytes": [9_000_000 + 4 * size for size in sizes.values()],
        }
    )


def curve_of(stage: int, steps: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(stage)
    step = np.arange(1, steps + 1)
    noise = generator.normal(1, 0.15, size=(5, steps))
    norms = np.where(step % 10 == 1, 0.8 * noise[4], np.nan)
    return pd.DataFrame(
        {
            "step": step,
            "epoch": step // 200,
            "loss": 2.2 * np.exp(-step / 150) * noise[0] + 0.4,
            "dpo_loss": 1.2 * np.exp(-step / 150) * noise[0] + 0.3,
            "sft_loss": 1e-3 * np.exp(-step / 150) * noise[1] + 1e-4,
            "weighted_sft_loss": np.exp(-step / 150) * noise[1] + 0.1,
            "winner_margin": -2e-4 * (1 - np.exp(-step / 90)) * noise[2],
            "loser_margin": 1e-4 * (1 - np.exp(-step / 90)) * noise[3],
            "implicit_accuracy": (0.5 + 0.3 * (1 - np.exp(-step / 120)) * noise[4]).clip(0, 1),
            "gradient_norm": 1.5 * noise[1],
            "dpo_gradient_norm": norms,
            "sft_gradient_norm": norms / 900,
            "learning_rate": 3e-4 * np.minimum(step / 20, 1),
            "sft_weight": 1000.0,
        }
    )


def pair_counts_of(stage: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "property": ["dynamic_degree", "text_alignment"],
            "candidates": [60 + stage, 48],
            "not_better": [20, 11],
            "too_bad": [6, 9],
            "not_drawn": [0, 0],
            "kept": [34 + stage, 28],
            "tau": [1.8, 2.25],
        }
    )


def filtering_counts() -> pd.DataFrame:
    return pd.DataFrame(
        {"reason": ["raw", "too_short", "duplicate", "kept"], "count": [2400, 310, 205, 1885]}
    )


def judging_counts() -> pd.DataFrame:
    described = [1200, 900, 1500, 1885]
    return pd.DataFrame(
        {
            "property": list(PROPERTIES),
            "described": described,
            "not_described": [1885 - count for count in described],
        }
    )


def vbench_scores(model: str, offset: float = 0.0) -> pd.DataFrame:
    """VBench's scores of a model, all of them `offset` above a half; the revised ones are 0.1 lower."""
    names = [*VBENCH, "quality", "semantic", "total"]
    table = pd.DataFrame({"measure": names, "published": 0.5 + offset, "revised": 0.5 + offset})
    depend = table["measure"].isin(["dynamic_degree", "quality", "total"])
    table["revised"] -= 0.1 * depend
    return table.assign(model=f"fingerprint-of-{model}")


def prompts_of_shapes(count: int) -> list[str]:
    rng = np.random.default_rng(3)
    scenes = all_scenes()
    return [describe(scenes[(number * 37) % len(scenes)], rng) for number in range(count)]


def stage_arguments(
    stages: int = 2,
    prompts: list[str] | None = None,
    offsets: Mapping[str, float] = OFFSETS,
    spread: float = 0.1,
) -> dict[str, Any]:
    """What the report's node receives for `stages` stages, named `stage_1__metrics` and so on."""
    prompts = prompts or prompts_of_shapes(24)
    arguments = {}
    for stage in range(1, stages + 1):
        scores = {
            model: scores_of(
                model if model == "full" else f"{model}{stage}", prompts, offset * stage, spread=spread
            )
            for model, offset in offsets.items()
        }
        values = {
            "pruned": model_folder(f"pruned-{stage}"),
            "student": model_folder(f"student-{stage}"),
            "pruning_record": record_up_to(stage),
            "block_importance": importance_of(stage),
            "target_properties": ["dynamic_degree", "text_alignment"],
            "pair_counts": pair_counts_of(stage),
            "training_curve": curve_of(stage),
            "metrics": compare(scores, SETTINGS.bootstrap),
            "costs": costs_at(stage),
        }
        for model, table in scores.items():
            values[f"{model}_evaluation_scores"] = table
            values[f"{model}_evaluation_clips"] = clips_of(table, damage=abs(60 * offsets[model]))
        assert set(values) == set(DATASETS)
        arguments |= {argument_name(f"stage_{stage}", name): value for name, value in values.items()}
    return arguments
