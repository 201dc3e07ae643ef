"""Which pipelines and namespaces a command means."""

import pytest
from kedro.pipeline import Pipeline, node, pipeline

from vip.errors import UserError
from vip.processes import Processes
from vip.runners import SideBySideRunner
from vip.session import parts_left_out, select_stage, side_by_side, told_before


def make_it(*inputs: object) -> object:
    return inputs


def make(name: str) -> Pipeline:
    return pipeline([node(make_it, inputs=f"{name}_in", outputs=f"{name}_out", name=name)])


PROMPTS = make("prompts")
STAGES = {
    f"stage_{number}": PROMPTS + pipeline(make("pairs"), namespace=f"stage_{number}") for number in (1, 2)
}
KNOWN = {
    "__default__": sum(STAGES.values(), Pipeline([])),
    "stage": sum(STAGES.values(), Pipeline([])),
    **STAGES,
    "prompts": PROMPTS,
    "pairs": sum(STAGES.values(), Pipeline([])).filter(node_names=["stage_1.pairs", "stage_2.pairs"]),
}
TWO_STAGES = {"stages": 2}


@pytest.mark.parametrize(
    ("names", "stage", "expected"),
    [
        ([], None, (["__default__"], [])),
        (["stage"], None, (["stage"], [])),
        (["prompts", "pairs"], None, (["prompts", "pairs"], [])),
        ([], 1, (["stage_1"], [])),
        (["stage"], 2, (["stage_2"], [])),
        (["__default__"], 2, (["stage_2"], [])),
        (["pairs"], 2, (["pairs"], ["stage_2"])),
        (["stage_1"], 1, (["stage_1"], [])),
    ],
)
def test_a_stage_becomes_its_pipeline_or_its_namespace(names, stage, expected):
    assert select_stage(names, stage, KNOWN, TWO_STAGES) == expected


@pytest.mark.parametrize("stage", [0, -1, 3, "two", "", 1.0, True, "2"])
def test_a_stage_that_is_not_there_is_refused_with_those_that_are(stage):
    with pytest.raises(UserError, match=r"stages 1 to 2 .* --params=stage:2"):
        select_stage(["stage"], stage, KNOWN, TWO_STAGES)


@pytest.mark.parametrize("processes", [0, -1, "two", True, 1.5])
def test_a_number_of_processes_that_is_none_is_refused(processes):
    with pytest.raises(UserError, match="write for example --processes=2"):
        side_by_side(processes)


def test_one_process_needs_no_workers_and_a_launcher_s_want_none(monkeypatch):
    assert side_by_side(None) is None
    assert side_by_side(1) is None
    assert isinstance(side_by_side(2), SideBySideRunner)
    monkeypatch.setattr("vip.session.this_run", lambda: Processes(1, 4))
    with pytest.raises(UserError, match="--processes=2 .* launcher already started 4 processes"):
        side_by_side(2)


def test_an_unknown_pipeline_is_refused_with_the_nearest_name():
    with pytest.raises(UserError, match="there is no pipeline stag; did you mean stage?"):
        select_stage(["stag"], None, KNOWN, TWO_STAGES)


@pytest.mark.parametrize(("name", "stage"), [("prompts", 1), ("stage_2", 1)])
def test_a_pipeline_without_that_stage_is_refused(name, stage):
    with pytest.raises(UserError, match=f"pipeline {name} has nothing of stage {stage}"):
        select_stage([name], stage, KNOWN, TWO_STAGES)


def test_what_is_left_out_is_told_to_who_asks_for_it():
    parameters = {
        "stages": 2,
        "stage_1": {"budget": {"target_parameters": 9}},
        "stage_2": {"budget": {"blocks_per_stage": 3}},
        "redpo_training": {"beta": 5000},
        "comparison": {"arms": {"redpo": {}, "offline": {"at_once": True}}, "seeds": [0]},
        "sweep": {
            "base": "redpo",
            "only": [],
            "seeds": [0],
            "sweeps": {
                "beta": {"setting": "redpo_training.beta", "values": [5]},
                "sizes": {"setting": "target_parameters", "values": [[9, 5]]},
            },
        },
    }
    arm, sweep = parts_left_out(["sweep", "comparison"], parameters)
    assert arm.startswith("The comparison leaves out offline: it removes at once what 2 stages remove")
    assert sweep == (
        "The sweep leaves out sizes: its budgets are not for the stages of redpo, which have "
        "blocks_per_stage none / 3, target_parameters 9 / none; give it values with that among them"
    )
    assert parts_left_out(["sweep"], parameters) == [sweep]
    assert parts_left_out(["__default__"], parameters) == []


def test_what_a_page_will_lack_is_told_to_who_asks_for_the_comparison():
    arms = {"redpo": {}, "sft": {}}
    comparison = {"arms": arms, "seeds": [0], "only": ["sft"], "candidate": "redpo"}
    parameters = {"stages": 1, "comparison": comparison}
    (line,) = told_before(["comparison"], parameters)
    assert line.startswith("The comparison does not run redpo, its candidate: ")
    assert told_before(["__default__"], parameters) == []
