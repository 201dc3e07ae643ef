"""One MLflow run a stage, its end told apart, and a failing tracker that stops and loses nothing."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node, pipeline

from vip.hooks.journal import AddFiles, End, Log, Open, journals_in
from vip.hooks.stage_runs import experiment_name
from vip.hooks.tracking import StageTracking
from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.comparison.run_parameters import RUNS, run_parameters
from vip.processes import Processes


def make_it(*inputs: object) -> object:
    return inputs


COSTS = pd.DataFrame({"model": ["student"], "parameters": [2]})
PARAMETERS = {"stages": 2, "stage_1": {"budget": 1}, "stage_2": {"budget": 3}, "evaluation": {"seed": 0}}


def stage(number: int):
    steps = [
        node(make_it, "scores", "costs", name="costs"),
        node(make_it, "costs", "metrics", name="metrics"),
    ]
    return pipeline(steps, namespace=f"stage_{number}", inputs={"scores": "scores"})


class RecordedRuns:
    """What a tracker was asked to take, in order."""

    def __init__(self, fail_from: int = 1000) -> None:
        self.taken: list = []
        self.fail_from = fail_from

    def take(self, entry) -> None:
        if len(self.taken) >= self.fail_from:
            raise ConnectionError("no server\nat all")
        self.taken.append(entry)


@pytest.fixture
def runs(monkeypatch):
    recorded = RecordedRuns()
    monkeypatch.setattr("vip.hooks.stage_runs.StageRuns", lambda *_: recorded)
    return recorded


@pytest.fixture
def begin(tmp_path):
    """Begins a run of a pipeline in a project whose data folder is `data`."""

    def begin(both_stages, parameters=PARAMETERS, **tracking) -> StageTracking:
        hook = StageTracking()
        loader = {"parameters": parameters | {"tracking": tracking}, "globals": {}}
        hook.after_context_created(SimpleNamespace(config_loader=loader, project_path=tmp_path, env="tiny"))
        hook.before_pipeline_run(both_stages, DataCatalog())
        return hook

    return begin


def test_a_stage_is_opened_by_its_first_node_and_ended_by_its_last_output(runs, begin, tmp_path):
    both = stage(1) + stage(2)
    hook = begin(both)
    hook.before_node_run(both.nodes[0])
    hook.before_node_run(both.nodes[0])
    hook.after_dataset_saved("stage_1.costs", COSTS)
    hook.after_dataset_saved("stage_1.metrics", COSTS.assign(dimension="average", mean=3.0))
    opened, costs, metrics, ended = runs.taken
    assert isinstance(opened, Open)
    assert costs.measurements == [("student.parameters", 2.0, 0)]
    assert metrics.measurements == [("student.average", 3.0, 0)]
    assert (ended.status, {entry.stage for entry in runs.taken}) == ("FINISHED", {1})
    hook.after_pipeline_run()
    assert len(runs.taken) == 4
    assert journals_in(tmp_path / "data") == [], "MLflow has it all"


def test_what_a_stage_need_not_make_again_belongs_to_its_run(runs, begin):
    costs, metrics = stage(1).nodes
    hook = begin(stage(1))
    catalog = DataCatalog()
    catalog["stage_1.costs"] = COSTS
    hook.before_pipeline_run(stage(1), catalog)
    hook.after_node_skipped(costs)
    assert runs.taken == []
    hook.before_node_run(metrics)
    hook.after_dataset_saved("stage_1.metrics", COSTS.assign(dimension="average", mean=3.0))
    opened, logged, measured, ended = runs.taken
    assert isinstance(opened, Open)
    assert logged.measurements == [("student.parameters", 2.0, 0)]
    assert measured.measurements == [("student.average", 3.0, 0)]
    assert isinstance(ended, End)


def test_a_stage_that_is_up_to_date_has_no_new_run(runs, begin, tmp_path):
    hook = begin(stage(1))
    for each in stage(1).nodes:
        hook.after_node_skipped(each)
    hook.after_pipeline_run()
    assert runs.taken == []
    assert journals_in(tmp_path / "data") == []


def test_a_stage_knows_its_own_parameters_and_not_another_stages(runs, begin):
    both = stage(1) + stage(2)
    begin(both).before_node_run(stage(2).nodes[0])
    assert runs.taken[0].parameters == {
        "stage": "2",
        "stages": "2",
        "stage_2.budget": "3",
        "evaluation.seed": "0",
        "environment": "tiny",
    }


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("bug"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_failed_and_killed_are_told_apart(runs, begin, error, status):
    hook = begin(stage(1))
    hook.before_node_run(stage(1).nodes[0])
    hook.on_pipeline_error(error)
    assert runs.taken[-1].status == status


def test_the_report_goes_to_every_run(runs, begin):
    hook = begin(stage(1) + stage(2))
    for number in (1, 2):
        hook.before_node_run(stage(number).nodes[0])
    hook.after_dataset_saved("report", "<html>")
    reports = runs.taken[-2:]
    assert [entry.stage for entry in reports] == [1, 2]
    assert all(Path(entry.files[0]).read_text() == "<html>" for entry in reports)


@pytest.mark.parametrize("fail_from", [0, 1])
def test_what_a_failing_tracker_misses_is_kept(runs, begin, caplog, tmp_path, fail_from):
    runs.fail_from = fail_from
    hook = begin(stage(1))
    with caplog.at_level(logging.WARNING):
        hook.before_node_run(stage(1).nodes[0])
        hook.after_dataset_saved("stage_1.costs", COSTS)
        hook.after_pipeline_run()
    (journal,) = journals_in(tmp_path / "data")
    (message,) = caplog.messages
    assert message == (
        "MLflow does not take what this run logs (ConnectionError: no server); "
        f"it is kept in {journal.path}: `kedro track` logs it later."
    )
    assert [type(entry) for entry in journal.entries()] == [Open, Log, End]


def test_a_folder_that_takes_no_journal_stops_nothing(runs, begin, caplog, tmp_path):
    (tmp_path / "data").write_text("in the way")
    hook = begin(stage(1))
    with caplog.at_level(logging.WARNING):
        hook.before_node_run(stage(1).nodes[0])
        hook.after_pipeline_run()
    (message,) = caplog.messages
    assert message.startswith("This run is not tracked from here on: ")


@pytest.mark.parametrize(("tracking", "rank"), [({"enabled": False}, 0), ({}, 1)])
def test_switched_off_or_on_another_process_nothing_is_tracked(
    runs, begin, monkeypatch, tmp_path, tracking, rank
):
    monkeypatch.setattr("vip.hooks.tracking.this_run", lambda: Processes(rank, 2))
    hook = begin(stage(1), **tracking)
    hook.before_node_run(stage(1).nodes[0])
    hook.after_pipeline_run()
    assert runs.taken == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("environment", "name"), [("base", "vip"), ("local", "vip"), ("videocrafter2", "vip-videocrafter2")]
)
def test_each_environment_has_its_experiment(environment, name):
    assert experiment_name(environment) == name


def test_arms_of_a_comparison_are_runs_below_its_own(runs, begin):
    page = node(make_it, "sft_seed_0_stage_1.size", "comparison_page", name="page")
    steps = pipeline(
        [node(make_it, "scores", "size", name="size")], namespace="sft_seed_0_stage_1", inputs="scores"
    )
    both = steps + pipeline([page])
    hook = begin(both)
    step = next(each for each in both.nodes if each.name == "sft_seed_0_stage_1.size")
    hook.before_node_run(step)
    hook.after_dataset_saved("sft_seed_0_stage_1.size", {"parameters": 3, "flops": 4})
    hook.after_dataset_saved("comparison_page", "<html>")
    hook.after_pipeline_run()
    opened = [entry for entry in runs.taken if isinstance(entry, Open)]
    assert [(entry.stage, entry.parent) for entry in opened] == [
        ("comparison", ""),
        ("sft_seed_0", "comparison"),
    ]
    assert opened[1].parameters["arm"] == "sft"
    logged = [each for entry in runs.taken if isinstance(entry, Log) for each in entry.measurements]
    assert [(each.name, each.value) for each in logged] == [
        ("stage_1.parameters", 3.0),
        ("stage_1.flops", 4.0),
    ]
    ended = [(entry.stage, entry.status) for entry in runs.taken if isinstance(entry, End)]
    assert ended == [("sft_seed_0", "FINISHED"), ("comparison", "FINISHED")]


@pytest.mark.parametrize(
    ("arm", "stages", "budgets"),
    [
        ({}, 2, {"stage_1.budget.blocks_per_stage": "4", "stage_2.budget.blocks_per_stage": "3"}),
        ({"at_once": True}, 1, {"stage_1.budget.blocks_per_stage": "7"}),
        ({"stages": 1}, 1, {"stage_1.budget.blocks_per_stage": "4"}),
        ({"stages": 0}, 0, {}),
        (
            {"blocks_per_stage": [4, 2, 1]},
            3,
            {f"stage_{number}.budget.blocks_per_stage": value for number, value in enumerate("421", start=1)},
        ),
    ],
)
def test_an_arm_knows_its_own_stages_and_no_others(runs, begin, arm, stages, budgets):
    shared = {f"stage_{number}": {"budget": {"blocks_per_stage": 5 - number}} for number in (1, 2)}
    parameters = {"stages": 2, **shared, "comparison": {"arms": {"sft": arm}, "seeds": [0]}}
    parameters[RUNS] = run_parameters(parameters, runs_of(parameters))
    steps = pipeline(
        [node(make_it, "scores", "size", name="size")], namespace="sft_seed_0_stage_0", inputs="scores"
    )
    begin(steps, parameters).before_node_run(steps.nodes[0])
    told = runs.taken[1].parameters
    assert told["stages"] == str(stages)
    assert {name: value for name, value in told.items() if name.startswith("stage_")} == budgets


def test_arms_of_a_sweep_are_runs_below_the_sweeps(runs, begin):
    steps = pipeline(
        [node(make_it, "scores", "size", name="size")], namespace="beta_5_seed_0_stage_1", inputs="scores"
    )
    both = pipeline([*steps.nodes, node(make_it, "beta_5_seed_0_stage_1.size", "sweep_page")], tags="sweep")
    hook = begin(both)
    hook.before_node_run(both.nodes[0])
    hook.after_dataset_saved("sweep_page", "<html>")
    opened = [entry for entry in runs.taken if isinstance(entry, Open)]
    assert [(entry.stage, entry.parent) for entry in opened] == [("sweep", ""), ("beta_5_seed_0", "sweep")]
    files = [file for entry in runs.taken if isinstance(entry, AddFiles) for file in entry.files]
    assert [Path(file).name for file in files] == ["sweep.html"]


def test_alignment_is_a_run_of_its_own_with_its_page(runs, begin):
    steps = pipeline(
        [
            node(make_it, "scores", "effects", name="effects"),
            node(make_it, "effects", "page", name="page"),
        ],
        namespace="alignment",
        inputs="scores",
    )
    own = {"alignment": {"samples": 4}, "comparison": {"seeds": [0]}}
    own["comparison_runs"] = {"alignment": {"redpo_training": {"beta": 1}}}
    hook = begin(steps, PARAMETERS | own)
    hook.before_node_run(steps.nodes[0])
    row = {"evaluator": "reward", "dimension": "average", "difference": 0.5, "low": 0.1, "high": 0.9}
    hook.after_dataset_saved("alignment.effects", pd.DataFrame([row | {"win_rate": 0.75}]))
    hook.after_dataset_saved("alignment.page", "<html>")
    opened, logged, added, ended = runs.taken
    assert (opened.stage, opened.parent) == ("alignment", "")
    assert opened.parameters["alignment.samples"] == "4"
    assert opened.parameters["redpo_training.beta"] == "1"
    assert not any(name.startswith("comparison") for name in opened.parameters)
    assert logged.measurements[0] == ("reward.average.aligned_minus_teacher", 0.5, 0)
    assert Path(added.files[0]).read_text() == "<html>"
    assert (ended.stage, ended.status) == ("alignment", "FINISHED")
