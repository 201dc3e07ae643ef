"""The user study as pipelines: a page and its key from clips, results from any number of vote files."""

import json

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError
from tests.unit.evaluation.user_study.voting import MODELS, ballot_of, by_model, clips_of

from vip.datasets import JsonFolderDataset
from vip.errors import UserError
from vip.evaluation.user_study.design import Study
from vip.pipelines.user_study.config import UserStudy
from vip.pipelines.user_study.nodes import count_votes, make_study
from vip.pipelines.user_study.pipeline import create_pipeline

OPTIONS = {
    "models": list(MODELS), "prompts": 8, "minimum_seconds": 2.0, "maximum_share": 0.9,
    "resamples": 100, "confidence": 0.95, "seed": 0,
}  # fmt: skip
SETTINGS = UserStudy(**OPTIONS)


@pytest.fixture(scope="module")
def key():
    _, key = make_study(*(clips_of(model, 8) for model in MODELS), SETTINGS)
    return key


def test_two_models_make_pairs():
    settings = UserStudy(**OPTIONS | {"models": ["student", "full"]})
    page, key = make_study(*(clips_of(model, 8) for model in MODELS), settings)
    assert key["models"] == ["student", "full"]
    assert page.count("data:video/mp4;base64,") == 16


def test_kedro_counts_the_files_of_a_folder(key, tmp_path):
    study = Study.from_json(key)
    hasty = ballot_of(study, by_model("pruned", "full", "student"), "hasty")
    hasty["votes"] = [vote | {"milliseconds": 100} for vote in hasty["votes"]]
    for name, ballot in {
        "one": ballot_of(study, by_model("student", "full", "pruned"), "one"),
        "two": ballot_of(study, by_model("student", "full", "pruned"), "two"),
        "three": hasty,
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(ballot))
    catalog = DataCatalog(
        {
            "stage_2.study_key": MemoryDataset(key),
            "stage_2.votes": JsonFolderDataset(str(tmp_path)),
            "params:user_study": MemoryDataset(SETTINGS),
        }
    )
    made = SequentialRunner().run(create_pipeline(2), catalog)
    results, raters, agreed = (
        made[f"stage_2.study_{name}"].load() for name in ("results", "raters", "agreement")
    )
    assert results.set_index("model")["win_rate"].to_dict() == {"full": 0.5, "pruned": 0.0, "student": 1.0}
    assert dict(zip(raters["rater"], raters["standing"], strict=True)) == {
        "hasty": "too fast", "one": "counted", "two": "counted",
    }  # fmt: skip
    assert agreed == {
        "krippendorff_alpha": pytest.approx(1.0),
        "raters": 2,
        "raters_left_out": 1,
        "votes": 16,
        "comparisons": 8,
    }  # fmt: skip


def test_if_nobody_counts_it_is_told(key):
    study = Study.from_json(key)
    idle = ballot_of(study, by_model("student", "full", "pruned"), votes=[])
    with pytest.raises(UserError, match=r"0 of 1 people's votes count \(ann: no votes\)"):
        count_votes(key, {"idle.json": idle}, SETTINGS)


def test_a_folder_without_votes_is_told(tmp_path):
    with pytest.raises(UserError, match="holds no .json file"):
        JsonFolderDataset(str(tmp_path)).load()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"models": ["full"]}, "models"),
        ({"models": ["full", "full"]}, "name each of them once"),
        ({"models": ["full", "teacher"]}, "models"),
        ({"prompts": 0}, "prompts"),
        ({"maximum_share": 0}, "maximum_share"),
        ({"promts": 3}, "promts"),
    ],
)
def test_impossible_settings_are_refused(wrong, message):
    with pytest.raises(ValidationError, match=message):
        UserStudy(**OPTIONS | wrong)
