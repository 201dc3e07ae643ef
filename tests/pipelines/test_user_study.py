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
from vip.types import LazyMap

OPTIONS = {
    "models": list(MODELS), "prompts": 8, "minimum_seconds": 2.0, "maximum_share": 0.9,
    "resamples": 100, "confidence": 0.95, "seed": 0,
}  # fmt: skip
SETTINGS = UserStudy(**OPTIONS)


@pytest.fixture(scope="module")
def key():
    _, key = make_study(*(clips_of(model, 8) for model in MODELS), None, SETTINGS)
    return key


def test_two_models_make_pairs():
    settings = UserStudy(**OPTIONS | {"models": ["student", "full"]})
    page, key = make_study(*(clips_of(model, 8) for model in MODELS), None, settings)
    assert key["models"] == ["student", "full"]
    assert page.count("data:video/mp4;base64,") == 16


def test_the_papers_triple_takes_its_rival_from_another_run(tmp_path):
    """SFT, full and ReDPO: the SFT student's clips lie in the data folder of the run that trained it."""
    clips = clips_of("pruned", 8)  # stands for what the other run's student filmed
    entry = {
        "type": "vip.datasets.LazyMapDataset",
        "filepath": str(tmp_path / "sft/03_primary/stage_{n}/student_evaluation_clips.parquet"),
        "store": str(tmp_path / "sft/03_primary/clips"),
        "codec": "clip",
    }
    catalog = DataCatalog.from_config(
        {"stage_{n}.rival_evaluation_clips": {"type": "vip.datasets.OptionalDataset", "dataset": entry}}
    )
    settings = UserStudy(**OPTIONS | {"models": ["rival", "full", "student"]})
    mine = [clips_of(model, 8) for model in MODELS]
    with pytest.raises(UserError, match=r"names rival, and there are no clips of it; set rival_folder"):
        make_study(*mine, catalog.load("stage_1.rival_evaluation_clips"), settings)

    catalog["stage_1.rival_evaluation_clips"].save(
        LazyMap(clips.table, lambda keys: [clips[key] for key in keys], 4, "clips")
    )
    page, key = make_study(*mine, catalog.load("stage_1.rival_evaluation_clips"), settings)
    study = Study.from_json(key)
    assert study.models == ["rival", "full", "student"]
    assert "rival" not in page
    assert page.count("data:video/mp4;base64,") == 24
    shown = {clip["clip"] for comparison in study.comparisons for clip in comparison.clips.values()}
    assert set(clips.table["key"]) <= shown
    ballot = ballot_of(study, by_model("student", "full", "rival"))
    results, *_ = count_votes(key, {"ann.json": ballot}, settings)
    assert results.set_index("model")["ranking_score"].to_dict() == pytest.approx(
        {"student": 1 / 2, "full": 1 / 3, "rival": 1 / 6}
    )


def test_a_rival_that_filmed_other_prompts_is_refused():
    settings = UserStudy(**OPTIONS | {"models": ["rival", "student"]})
    rival = clips_of("pruned", 8)
    rival.table["prompt_id"] = "elsewhere"
    with pytest.raises(UserError, match=r"0 of 8 clips have a partner of the same prompt and seed"):
        make_study(*(clips_of(model, 8) for model in MODELS), rival, settings)


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
