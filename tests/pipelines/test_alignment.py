"""Alignment: pairs from a model's own clips, and the whole pipeline on the embedded teacher in miniature."""

import math
import shutil
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import TypeAdapter, ValidationError

from vip.config_loader import ProjectConfigLoader
from vip.errors import UserError
from vip.parameters import typed_parameters
from vip.pipelines.alignment.config import Alignment
from vip.pipelines.alignment.nodes import rank_samples
from vip.pipelines.alignment.pipeline import TRAINING, create_pipeline
from vip.pipelines.alignment.run_parameters import run_parameters
from vip.pipelines.prompt_filtering import pipeline as prompt_filtering
from vip.settings import CONFIG_LOADER_ARGS
from vip.types import PROPERTIES

pytestmark = pytest.mark.xdist_group("alignment")

ROOT = Path(__file__).parents[2]
FIELDS = {
    "dimension": "dynamic_degree",
    "describes": ["dynamic_degree"],
    "samples": 2,
    "minimum_margin": 0.5,
}


def samples(**scores: list[float]) -> pd.DataFrame:
    """Rows of a prompt's samples; a clip is called after its prompt and place."""
    rows = [
        {"clip": f"{prompt}{place}", "prompt_id": prompt, "prompt": f"prompt {prompt}", "seed": place}
        | dict.fromkeys((*PROPERTIES, "average"), 9.0)
        | {"dynamic_degree": score}
        for prompt, values in scores.items()
        for place, score in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_the_best_sample_of_a_prompt_wins_against_its_worst_where_they_are_far_enough_apart():
    pairs, counts = rank_samples(
        samples(a=[2.0, 3.0, 1.0], b=[2.0, 2.4, 2.1], c=[1.5, 1.0, 1.2]), Alignment(**FIELDS)
    )
    assert pairs[["prompt_id", "winner", "loser"]].to_numpy().tolist() == [
        ["a", "a1", "a2"],
        ["c", "c0", "c1"],
    ]
    assert list(pairs["margin"]) == [2.0, 0.5]
    assert list(pairs["prompt"]) == ["prompt a", "prompt c"]
    assert counts.to_dict("records") == [
        {"property": "dynamic_degree", "candidates": 3, "too_close": 1, "kept": 2, "mean_margin": 1.25}
    ]
    assert pairs["pair_id"].is_unique


def test_the_order_of_samples_does_not_matter_even_among_equals():
    table = samples(a=[2.0, 3.0, 3.0, 2.0], b=[1.0, 4.0])
    shuffled = table.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(*(rank_samples(each, Alignment(**FIELDS))[0] for each in (table, shuffled)))


def test_equals_are_no_pair_even_without_a_margin():
    settings = Alignment(**FIELDS | {"minimum_margin": 0.0})
    assert list(rank_samples(samples(a=[2.0, 2.0], b=[1.0, 1.1]), settings)[0]["prompt_id"]) == ["b"]


def test_without_a_pair_it_says_how_far_apart_the_farthest_were():
    with pytest.raises(UserError, match=r"of 2 prompts none .* by 0.5 points, the most is 0.400; lower"):
        rank_samples(samples(a=[2.0, 2.4], b=[1.0, 1.1]), Alignment(**FIELDS))


@pytest.mark.parametrize(
    ("change", "message"),
    [({"samples": 1}, "samples"), ({"dimension": "beauty"}, "dimension"), ({"describes": []}, "describes")],
)
def test_what_cannot_be_is_refused(change, message):
    with pytest.raises(ValidationError, match=message):
        Alignment(**FIELDS | change)


def test_its_training_differs_from_the_methods_in_what_it_says():
    parameters = {
        "redpo_training": {"beta": 1, "reference": "teacher"},
        "alignment": {"redpo_training": {"reference": "initial"}},
    }
    own = run_parameters(parameters)
    assert own["alignment"] == {"redpo_training": {"beta": 1, "reference": "initial"}}
    assert "alignment" not in run_parameters({"redpo_training": {"beta": 1}})


def test_winners_and_losers_are_the_teachers_own():
    by_name = {node.name: node for node in create_pipeline().nodes}
    assert by_name["alignment.student"].inputs[:5] == [
        "teacher", "teacher", "alignment.pairs", "alignment.sample_clips", "alignment.sample_clips",
    ]  # fmt: skip
    assert TRAINING in by_name["alignment.student"].inputs
    assert by_name["alignment.full_evaluation_clips"].inputs[0] == "teacher"
    assert by_name["alignment.student_evaluation_clips"].inputs[0] == "alignment.student"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory) -> DataCatalog:
    """What the pipeline leaves in the tiny world of conf/test, with four prompts."""
    folder = tmp_path_factory.mktemp("alignment")
    raw = folder / "data" / "01_raw"
    raw.mkdir(parents=True)
    for name, rows in (("raw_prompts", 40), ("evaluation_prompts", 3)):
        lines = (ROOT / "data" / "01_raw" / f"{name}.csv").read_text().splitlines(keepends=True)
        (raw / f"{name}.csv").write_text("".join(lines[: rows + 1]))
    shutil.copytree(ROOT / "data" / "01_raw" / "teacher", raw / "teacher")
    changes = {"prompt_filtering": {"stage_prompts": 4}}
    loader = ProjectConfigLoader(str(ROOT / "conf"), "test", changes, **CONFIG_LOADER_ARGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        catalog = DataCatalog.from_config(loader["catalog"])
        whole = prompt_filtering.create_pipeline() + create_pipeline(["inverse_rendering"])
        for name, kind in typed_parameters({"alignment": whole}).items():
            value = _at(loader["parameters"], name)
            catalog[f"params:{name}"] = MemoryDataset(TypeAdapter(kind).validate_python(value))
        SequentialRunner().run(whole, catalog)
        yield catalog


def _at(parameters, path):
    for key in path.split("."):
        parameters = parameters[key]
    return parameters


def test_pairs_are_of_two_clips_that_the_teacher_made_of_one_prompt(catalog):
    pairs, clips = catalog.load("alignment.pairs"), catalog.load("alignment.sample_clips")
    assert len(clips) == 4 * 2
    owner = dict(zip(clips.table["key"], clips.table["prompt_id"], strict=True))
    assert len(pairs)
    for row in pairs.itertuples():
        assert owner[row.winner] == owner[row.loser] == row.prompt_id
        assert row.winner_score > row.loser_score


def test_it_starts_as_its_own_reference_and_moves_away(catalog):
    first, *_, last = catalog.load("alignment.training_curve").to_dict("records")
    assert first["dpo_loss"] == pytest.approx(math.log(2), abs=1e-4)
    assert first["sft_loss"] == pytest.approx(0, abs=1e-9)
    assert last["sft_loss"] > 1e-9
    teacher = catalog.load("teacher")
    assert set(catalog.load("alignment.reference_predictions").table["reference"]) == {teacher.fingerprint}


def test_nothing_is_removed_and_only_what_the_method_trains_has_changed(catalog):
    before, after = (catalog.load(name).open() for name in ("teacher", "alignment.student"))
    assert after.record.removed == ()
    trainable = set(before.trainable())
    changed = {
        name
        for name, value in before.denoiser.named_parameters()
        if not value.equal(after.denoiser.get_parameter(name))
    }
    assert changed
    assert changed <= trainable


def test_effects_are_told_by_three_evaluators_from_the_same_noise(catalog):
    effects = catalog.load("alignment.effects")
    assert list(effects["evaluator"]) == ["preference"] + ["reward"] * 5 + ["inverse_rendering"] * 5
    assert effects["dimension"].iloc[0] == "dynamic_degree"
    both = [catalog.load(f"alignment.{name}_evaluation_clips").table for name in ("full", "student")]
    assert both[0]["seed"].equals(both[1]["seed"])
    assert not set(both[0]["key"]) & set(both[1]["key"])
    assert catalog.load("alignment.page").startswith("<!DOCTYPE html>")
