"""Block pruning on the tiny teacher: from candidates to a pruned model and its target properties."""

import json
import logging
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError
from tests.tiny.settings import block_pruning, video_generation

from vip.errors import UserError
from vip.families.folder import ModelFolder
from vip.pipelines.block_pruning.config import Budget
from vip.pipelines.block_pruning.nodes import (
    choose_units,
    find_target_properties,
    generate_candidate_clips,
    list_units,
    measure_importance,
    prune,
)
from vip.pipelines.block_pruning.pipeline import create_pipeline
from vip.pipelines.scoring import nodes as scoring_nodes
from vip.pipelines.scoring.config import RewardChoice, Scoring
from vip.pipelines.video_generation.nodes import generate_clips
from vip.rewards.base import Reward
from vip.types import PROPERTIES, Items

PROMPTS = pd.DataFrame(
    {"prompt_id": ["p0", "p1"], "prompt": ["red circle moves to left", "small blue square grows slowly"]}
)
SAMPLING = video_generation(steps=1, guidance_scale=1.0, batch_size=2, seed=0)
BLOCKS = block_pruning(granularity="block", resamples=50)
MODULES = block_pruning(granularity="module", resamples=50)


class Brightness(Reward):
    """Mean brightness by half of the frames and colour: depends on every pixel, without any model."""

    name = "brightness"
    fingerprint = provenance = "brightness 1"

    def score(self, frames, prompts):
        return np.array(
            [[clip[..., 0].mean(), clip[..., 1].mean(), clip[..., 2].mean(), clip.std()] for clip in frames]
        )


class Making(MemoryDataset):
    """Makes what a node left to be made, as the dataset on disk does."""

    def save(self, data):
        keys = list(dict.fromkeys(data.table["key"]))
        items = {}
        for start in range(0, len(keys), data.batch_size):
            batch = keys[start : start + data.batch_size]
            items.update(zip(batch, data.make_batch(batch), strict=True))
        super().save(Items(data.table, items.__getitem__))


class Kept(MemoryDataset):
    """Stays readable after the run; the runner releases what no later node needs."""

    def release(self):
        pass


class Folder(MemoryDataset):
    """Hands a saved model on as its folder, as the dataset on disk does."""

    def __init__(self, path):
        super().__init__(copy_mode="assign")
        self.path = path

    def save(self, data):
        data.save(self.path)
        super().save(ModelFolder(self.path, "animatediff", f"hash of {data.record.removed}"))


ONE_BLOCK = Budget(blocks_per_stage=1)


def units_listed(folder, settings, budget=ONE_BLOCK):
    return list_units(folder, budget, settings)


def candidates(folder, settings):
    return generate_candidate_clips(folder, units_listed(folder, settings), PROMPTS, SAMPLING, settings)


def scores_by_unit(units, losses):
    """Candidate scores of two prompts, the whole model's 3 in everything."""
    rows = [
        {"unit": unit, "prompt_id": prompt, "seed": 0, "average": score} | dict.fromkeys(PROPERTIES, score)
        for unit, score in [("", 3.0), *((unit, 3.0 - losses[unit]) for unit in units)]
        for prompt in ("p0", "p1")
    ]
    return pd.DataFrame(rows)


def test_candidates_are_the_whole_model_and_each_unit_removed(tiny_folder, tiny_model):
    lazy = candidates(tiny_folder, MODULES)
    units = [unit.name for unit in tiny_model.units("module")]
    assert list(dict.fromkeys(lazy.table["unit"])) == ["", *units]
    assert lazy.table["key"].is_unique
    assert len(lazy.table) == 2 * (1 + len(units))
    assert {"key", "unit", "prompt_id", "prompt", "seed"} == set(lazy.table.columns)
    assert lazy.table.groupby("prompt_id")["seed"].nunique().eq(1).all()


def test_the_whole_models_clips_are_those_of_video_generation(tiny_folder):
    searched = candidates(tiny_folder, BLOCKS).table
    generated = generate_clips(tiny_folder, PROMPTS, SAMPLING).table
    assert searched.loc[searched["unit"] == "", "key"].tolist() == generated["key"].tolist()


def test_a_candidates_clip_is_the_pruned_models(tiny_folder, tmp_path):
    """Removing a unit on the fly and removing it for good give the same clip, in any batch."""
    lazy = candidates(tiny_folder, BLOCKS)
    units = list(dict.fromkeys(lazy.table["unit"]))
    keys = lazy.table.loc[lazy.table["prompt_id"] == "p1"].set_index("unit")["key"]
    whole, without = lazy.make_batch([keys[""], keys[units[1]]])
    pruned, _ = prune(tiny_folder, [units[1]], BLOCKS)
    pruned.save(tmp_path / "pruned")
    folder = ModelFolder(tmp_path / "pruned", tiny_folder.family, "other")
    again = generate_clips(folder, PROMPTS, SAMPLING)
    expected = again.make_batch([again.table["key"][1]])[0]
    assert torch.equal(without.latents, expected.latents)
    assert np.array_equal(without.frames, expected.frames)
    assert not torch.equal(without.latents, whole.latents)


def test_importance_and_choice_by_hand(tiny_folder, tiny_model):
    units = {unit.name: unit for unit in tiny_model.units("block")}
    losses = {name: 0.1 * (index + 1) for index, name in enumerate(reversed(units))}
    listed = units_listed(tiny_folder, BLOCKS)
    importance = measure_importance(listed, scores_by_unit(units, losses), BLOCKS)
    averages = importance[importance["dimension"] == "average"].set_index("unit")
    assert averages["difference"].to_dict() == pytest.approx({name: -loss for name, loss in losses.items()})
    assert averages["parameters"].to_dict() == {name: unit.parameters for name, unit in units.items()}
    cheapest = list(reversed(units))
    assert choose_units(listed, importance, Budget(blocks_per_stage=2), BLOCKS) == cheapest[:2]
    total = sum(unit.parameters for unit in units.values())
    target = Budget(target_parameters=total - units[cheapest[0]].parameters)
    assert choose_units(listed, importance, target, BLOCKS) == cheapest[:1]


def test_an_impossible_budget_is_refused_before_the_search(tiny_folder, tiny_model):
    count = len(tiny_model.units("block"))
    with pytest.raises(UserError, match=f"has {count} removable units; lower it or choose"):
        units_listed(tiny_folder, BLOCKS, Budget(blocks_per_stage=99))
    with pytest.raises(UserError, match="target_parameters is 999,999,999,999"):
        units_listed(tiny_folder, BLOCKS, Budget(target_parameters=999_999_999_999))


def test_importance_of_other_units_is_refused(tiny_folder, tiny_model):
    names = [unit.name for unit in tiny_model.units("block")]
    scores = scores_by_unit(names, dict.fromkeys(names, 0.1))
    importance = measure_importance(units_listed(tiny_folder, BLOCKS), scores, BLOCKS)
    with pytest.raises(UserError, match="not the stage's units at granularity module"):
        choose_units(units_listed(tiny_folder, MODULES), importance, Budget(blocks_per_stage=1), MODULES)


def test_nothing_left_to_remove_is_refused(tiny_folder, tmp_path):
    names = [unit.name for unit in tiny_folder.open().units("block")]
    bare, _ = prune(tiny_folder, names, BLOCKS)
    bare.save(tmp_path / "bare")
    folder = ModelFolder(tmp_path / "bare", tiny_folder.family, "bare")
    with pytest.raises(UserError, match="0 of 0 units are removable"):
        units_listed(folder, BLOCKS)


def test_pruning_twice_lengthens_the_record(tiny_folder, tmp_path):
    units = tiny_folder.open().units("module")
    first, record = prune(tiny_folder, [units[0].name], MODULES)
    assert record == json.loads(json.dumps(record))
    assert record["teacher"] == tiny_folder.fingerprint
    (stage,) = first.record.stages
    assert (stage.stage, stage.removed) == (1, (units[0].name,))
    assert stage.parameters_before == sum(unit.parameters for unit in units)
    assert stage.parameters_after == stage.parameters_before - units[0].parameters
    assert 0 < stage.flops_after < stage.flops_before
    first.save(tmp_path / "first")
    folder = ModelFolder(tmp_path / "first", tiny_folder.family, "fingerprint of the first")
    second, record = prune(folder, [units[-1].name], MODULES)
    assert second.record.removed == (units[0].name, units[-1].name)
    assert [stage.stage for stage in second.record.stages] == [1, 2]
    assert second.record.stages[1].parameters_before == stage.parameters_after
    assert record["teacher"] == tiny_folder.fingerprint


def scoring_scores(**means):
    table = pd.DataFrame({"prompt_id": ["p0", "p1"], "seed": [7, 8], "average": 3.0})
    for name in PROPERTIES:
        table[name] = [means.get(name, 3.0) - 0.5, means.get(name, 3.0) + 0.5]
    return table


def test_target_properties_are_those_that_fell(caplog):
    pruned = scoring_scores(visual_quality=2.9, dynamic_degree=3.2, text_alignment=2.0)
    with caplog.at_level(logging.INFO):
        targets = find_target_properties(scoring_scores(), pruned.iloc[::-1], BLOCKS)
    assert targets == ["visual_quality", "text_alignment"]
    assert "dynamic_degree +0.200" in caplog.text


def test_where_nothing_fell_the_least_gain_is_the_target(caplog):
    pruned = scoring_scores(
        visual_quality=3.3, temporal_consistency=3.1, dynamic_degree=3.4, text_alignment=3.2
    )
    assert find_target_properties(scoring_scores(), pruned, BLOCKS) == ["temporal_consistency"]
    assert "none fell, target property: temporal_consistency" in caplog.text


def test_all_properties_are_targets_where_that_is_asked_for():
    pruned = scoring_scores(visual_quality=2.9)
    settings = replace(BLOCKS, targets="all")
    assert find_target_properties(scoring_scores(), pruned, settings) == list(PROPERTIES)
    assert find_target_properties(scoring_scores(), pruned, BLOCKS) == ["visual_quality"]


def test_scoring_clips_of_different_prompts_are_refused():
    other = scoring_scores()
    other["seed"] += 1
    with pytest.raises(UserError, match="same prompt and seed"):
        find_target_properties(scoring_scores(), other, BLOCKS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "exactly one of blocks_per_stage and target_parameters"),
        ({"blocks_per_stage": 1, "target_parameters": 10}, "exactly one of"),
        ({"blocks_per_stage": 0}, "greater than or equal to 1"),
        ({"target_parameters": -1}, "greater than or equal to 0"),
        ({"blocks_per_stages": 1}, "blocks_per_stages"),
    ],
)
def test_impossible_budgets_are_refused_when_read(fields, message):
    with pytest.raises(ValidationError, match=message):
        Budget(**fields)


@pytest.mark.parametrize("fields", [{"granularity": "layer"}, {"confidence": 1}, {"resamples": 0}])
def test_impossible_settings_are_refused(fields):
    with pytest.raises(ValidationError):
        block_pruning(**fields)


def test_the_pipeline_goes_from_the_student_to_the_target_properties(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(scoring_nodes, "reward_named", lambda name, options: Brightness())
    pipe = create_pipeline()
    assert all(node.tags == {"block_pruning"} for node in pipe.nodes)
    inputs = {
        "previous_student": tiny_folder,
        "teacher": tiny_folder,
        "scoring_prompts": PROMPTS,
        "params:video_generation": SAMPLING,
        "params:scoring": Scoring(reward=RewardChoice(name="brightness"), batch_size=2),
        "params:block_pruning": BLOCKS,
        "params:budget": Budget(blocks_per_stage=1),
    }
    assert pipe.inputs() == set(inputs)
    catalog = DataCatalog({name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()})
    for name in ("candidate", "full_scoring", "pruned_scoring"):
        catalog[f"{name}_clips"] = Making(copy_mode="assign")
        catalog[f"{name}_score_items"] = Making(copy_mode="assign")
    catalog["pruned"] = Folder(tmp_path / "pruned")
    for name in ("units", "block_importance", "removed_units"):
        catalog[name] = Kept(copy_mode="assign")
    made = SequentialRunner().run(pipe, catalog)
    assert {"pruning_record", "target_properties"} <= set(made)
    (removed,) = catalog["removed_units"].load()
    averages = catalog["block_importance"].load().query("dimension == 'average'").set_index("unit")
    assert averages["difference"].idxmax() == removed
    assert made["pruning_record"].load()["removed"] == [removed]
    assert set(made["target_properties"].load()) <= set(PROPERTIES)
    assert replace(tiny_folder, path=tmp_path / "pruned").open().record.removed == (removed,)
