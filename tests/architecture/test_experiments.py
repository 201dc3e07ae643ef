"""The folder of every experiment that ships says what it needs; its settings exist and are possible."""

import re
from importlib.metadata import entry_points

import pytest
from kedro.framework.project import settings
from tests.experiments import CONF, EXPERIMENTS, MODELS, SHAPES

from vip.config_loader import ProjectConfigLoader
from vip.families.registry import family_of_folder
from vip.judges.registry import judge_named
from vip.losses.methods import METHODS
from vip.parameters import check_parameters, worth_making
from vip.pipelines.alignment import pipeline as alignment
from vip.pipelines.comparison import pipeline as comparison
from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.comparison.run_parameters import opinions_of
from vip.pipelines.sweep import pipeline as sweep
from vip.pipelines.sweep.arms import plan_of
from vip.planning.budgets import units_of_stages
from vip.pruning.selection import Budget
from vip.rewards.registry import reward_named

MADE_BY = dict.fromkeys(SHAPES, "teacher_training") | {"shapes_four_steps": "step_distillation"}


@pytest.fixture(params=MODELS)
def loader(request: pytest.FixtureRequest, registered: object) -> ProjectConfigLoader:
    return ProjectConfigLoader(str(CONF), env=request.param, **settings.CONFIG_LOADER_ARGS)


def test_every_setting_exists_and_is_possible(loader: ProjectConfigLoader, registered: dict) -> None:
    """Its comparison is of arms and evaluators of its own; some of its runs stand for all."""
    parameters = loader["parameters"]
    opinions = opinions_of(parameters)
    own = {
        "comparison": comparison.create_pipeline(runs_of(parameters)[:3], opinions),
        "alignment": alignment.create_pipeline(opinions),
        "sweep": sweep.create_pipeline(plan_of(parameters).runs[:3], opinions),
    }
    check_parameters(parameters, worth_making({**registered, **own}, own))
    for number in range(1, loader["parameters"]["stages"] + 1):
        assert loader["parameters"][f"stage_{number}"]["budget"]["target_parameters"]


def test_the_reward_and_the_judge_that_it_names_exist_and_take_its_options(
    loader: ProjectConfigLoader,
) -> None:
    reward = loader["parameters"]["scoring"]["reward"]
    assert reward_named(reward["name"], reward["options"]).name == reward["name"] == "videoscore"
    judge = loader["parameters"]["prompt_filtering"]["judge"]
    assert judge_named(judge["name"], judge["options"]).name == judge["name"] == "language_model"


def test_each_writes_to_a_folder_of_its_own_and_reads_what_is_its_own(loader: ProjectConfigLoader) -> None:
    assert loader["globals"]["folder"] == f"data/{loader.env}"
    header = (CONF / str(loader.env) / "parameters.yml").read_text().partition("\n\n")[0]
    catalog = loader["catalog"]
    for name in ("teacher", "raw_prompts", "raw_evaluation_prompts", "raw_development_prompts"):
        assert catalog[name]["filepath"].startswith(f"data/01_raw/{loader.env}")
        assert catalog[name]["filepath"] in header


@pytest.mark.parametrize("name", MODELS)
def test_each_header_of_a_published_model_names_licence_and_prompts(name: str) -> None:
    header = (CONF / name / "parameters.yml").read_text().partition("\n\n")[0]
    assert "\n# licence " in header
    assert "\n# prompts " in header


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_header_says_what_it_takes(name: str) -> None:
    text = (CONF / name / "parameters.yml").read_text()
    header = text.partition("\n\n")[0]
    assert all(line.startswith("#") for line in header.splitlines())
    for word in ("model", "hardware", "expected", "command"):
        assert f"\n# {word} " in header, word
    assert f"kedro run --env={name}" in header


@pytest.mark.parametrize("training", [{"method": method} for method in METHODS] + [{"sft_weight": "auto"}])
def test_a_stage_may_train_as_no_alignment_could(training: dict, registered: dict) -> None:
    changes = {"redpo_training": training}
    loader = ProjectConfigLoader(str(CONF), runtime_params=changes, **settings.CONFIG_LOADER_ARGS)
    check_parameters(loader["parameters"], worth_making(registered))


@pytest.mark.parametrize("name", ["base", *EXPERIMENTS])
def test_sweeps_are_about_its_own_model(name: str, registered: object) -> None:
    """Learning rates lie around its own; in the shapes world, lists of budgets are its own, too."""
    parameters = ProjectConfigLoader(str(CONF), env=name, **settings.CONFIG_LOADER_ARGS)["parameters"]
    swept = plan_of(parameters).swept
    rates = [point["arm"] for point in swept["sweeps"]["learning_rate"]["points"]]
    assert swept["base"] in rates[1:-1]
    assert name in MODELS or swept["left_out"] == {}


@pytest.mark.parametrize("name", ["base", *SHAPES])
def test_budgets_that_are_swept_can_be_met(name: str, registered: object) -> None:
    loader = ProjectConfigLoader(str(CONF), env=name, **settings.CONFIG_LOADER_ARGS)
    parameters, folder = loader["parameters"], CONF.parent / loader["catalog"]["teacher"]["filepath"]
    granularity = parameters["block_pruning"]["granularity"]
    units = family_of_folder(folder).open(folder, "meta").units(granularity)
    sweeps = plan_of(parameters).swept["sweeps"]
    for found in (sweeps["blocks"], sweeps["stages"]):
        for budgets in [point["value"] for point in found["points"]]:
            steps = [Budget(**{found["settings"][0]: each}) for each in budgets]
            assert len(units_of_stages(units, steps, granularity)) == len(budgets)


@pytest.mark.parametrize("name", SHAPES)
def test_a_model_of_the_shapes_world_has_a_command_that_makes_it(name: str, registered: dict) -> None:
    loader = ProjectConfigLoader(str(CONF), env=name, **settings.CONFIG_LOADER_ARGS)
    check_parameters(loader["parameters"], worth_making(registered))
    assert loader["globals"]["folder"] == f"data/{name}"
    text = (CONF / name / "parameters.yml").read_text()
    commands = re.findall(r"kedro run (?=.*--env=" + name + r").*--pipeline=(\w+)", text)
    assert commands == [MADE_BY[name]]


@pytest.mark.parametrize("name", SHAPES)
def test_a_model_of_the_shapes_world_is_brought_along_and_small(name: str) -> None:
    loader = ProjectConfigLoader(str(CONF), env=name, **settings.CONFIG_LOADER_ARGS)
    folder = CONF.parent / loader["catalog"]["teacher"]["filepath"]
    assert (folder / "model_index.json").is_file()
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 10e6


@pytest.mark.parametrize("name", MODELS)
def test_what_fetches_or_converts_its_model_is_installed(name: str) -> None:
    header = (CONF / name / "parameters.yml").read_text().partition("\n\n")[0]
    programs = set(re.findall(r"^# +([\w-]+) (?:download|convert) ", header, re.MULTILINE))
    assert programs
    assert programs <= {entry.name for entry in entry_points(group="console_scripts")}
