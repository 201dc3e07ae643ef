"""Every experiment's folder says what it needs, and its settings are ones that exist and are possible."""

from pathlib import Path

import pytest
from kedro.config import OmegaConfigLoader
from kedro.framework.project import settings

from vip.judges.registry import judge_named
from vip.parameters import check_parameters
from vip.rewards.registry import reward_named

CONF = Path(__file__).parents[2] / "conf"
MODELS = sorted(
    path.name for path in CONF.iterdir() if (path / "catalog.yml").exists() and path.name != "base"
)
"""Experiments with a model of their own."""


@pytest.fixture(params=MODELS)
def loader(request: pytest.FixtureRequest, registered: object) -> OmegaConfigLoader:
    return OmegaConfigLoader(str(CONF), env=request.param, **settings.CONFIG_LOADER_ARGS)


def test_every_setting_exists_and_is_possible(loader: OmegaConfigLoader, registered: dict) -> None:
    check_parameters(loader["parameters"], registered)
    for number in range(1, loader["parameters"]["stages"] + 1):
        assert loader["parameters"][f"stage_{number}"]["budget"]["target_parameters"]


def test_the_reward_and_the_judge_that_it_names_exist_and_take_its_options(loader: OmegaConfigLoader) -> None:
    reward = loader["parameters"]["scoring"]["reward"]
    assert reward_named(reward["name"], reward["options"]).name == reward["name"] == "videoscore"
    judge = loader["parameters"]["prompt_filtering"]["judge"]
    assert judge_named(judge["name"], judge["options"]).name == judge["name"] == "language_model"


def test_each_writes_to_a_folder_of_its_own_and_reads_what_is_its_own(loader: OmegaConfigLoader) -> None:
    assert loader["globals"]["folder"] == f"data/{loader.env}"
    for name in ("teacher", "raw_prompts", "raw_evaluation_prompts"):
        assert loader["catalog"][name]["filepath"].startswith(f"data/01_raw/{loader.env}")


@pytest.mark.parametrize("name", MODELS)
def test_each_header_says_what_it_takes(name: str) -> None:
    text = (CONF / name / "parameters.yml").read_text()
    header = text.partition("\n\n")[0]
    assert all(line.startswith("#") for line in header.splitlines())
    for word in ("model", "licence", "prompts", "hardware", "expected", "command"):
        assert f"\n# {word} " in header, word
    assert f"kedro run --env={name}" in header
