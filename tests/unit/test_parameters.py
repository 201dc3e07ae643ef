"""Parameters that cannot be used are refused, all at once, with the nearest name."""

from typing import Annotated

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.pipeline import node, pipeline
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.config_loader import stages_of
from vip.errors import UserError
from vip.parameters import ON_REQUEST, check_parameters, worth_making


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Choice:
    name: str


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Training:
    choice: Choice
    epochs: Annotated[int, Field(ge=1)] = 1

    def __post_init__(self) -> None:
        if self.choice.name == "odd" and self.epochs % 2 == 0:
            raise ValueError("choice odd needs odd epochs; set epochs to 1")


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Budget:
    blocks: int


def train(settings: Training) -> None: ...


def prune(budget: Budget) -> None: ...


PIPELINES = {
    "training": pipeline([node(train, inputs="params:training", outputs=None, name="train")]),
    "stage_1": pipeline(
        [node(prune, inputs="params:budget", outputs=None, name="prune")], namespace="stage_1"
    ),
}


ORACLE = {"reward": {"name": "shapes_oracle", "options": {}}, "batch_size": 16}
ON_REQUEST_BLOCKS = {
    "alignment": {
        "dimension": "average",
        "describes": ["visual_quality"],
        "samples": 2,
        "minimum_margin": 0.0,
    },
    "preference": ORACLE,
    "comparison": {
        "arms": {"redpo": {}},
        "only": [],
        "seeds": [0],
        "candidate": "redpo",
        "baseline": "redpo",
        "control": "redpo",
        "second_opinions": [],
        "resamples": 100,
        "confidence": 0.95,
        "seed": 0,
    },
    "sweep": {"base": "redpo", "sweeps": {}, "only": [], "seeds": [0]},
}


def parameters(**changes):
    good = {
        "stages": 1,
        "tracking": {},
        **ON_REQUEST_BLOCKS,
        "training": {"choice": {"name": "even"}},
        "stage_1": {"budget": {"blocks": 2}},
    }
    return good | changes


def refusal(**changes) -> str:
    with pytest.raises(UserError) as error:
        check_parameters(parameters(**changes), PIPELINES)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "changes",
    [{}, {"stage_2": {"budget": {"blocks": 1}}}, {"training": {"choice": {"name": "odd"}, "epochs": 3}}],
)
def test_good_parameters_pass(changes):
    check_parameters(parameters(**changes), PIPELINES)


def test_an_unknown_block_is_named_with_the_nearest():
    assert "trainin is unknown; did you mean training?" in refusal(trainin={})


def test_an_unknown_setting_is_named_with_the_nearest():
    line = refusal(training={"choice": {"name": "even"}, "epoch": 2})
    assert "training.epoch is unknown; did you mean epochs?" in line


def test_an_unknown_nested_setting_is_named_with_the_nearest():
    line = refusal(training={"choice": {"name": "even", "nam": 1}})
    assert "training.choice.nam is unknown; did you mean name?" in line


def test_an_unknown_setting_of_a_stage_is_named():
    line = refusal(stage_1={"budget": {"blocks": 2}, "bugdet": 1})
    assert "stage_1.bugdet is unknown; did you mean budget?" in line


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Collection:
    by_name: dict[Annotated[str, Field(max_length=9)], Choice]
    in_turn: Annotated[list[Choice], Field(min_length=1)]
    budget: Annotated[Budget, Field()] | None = None


def collect(settings: Collection) -> None: ...


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"by_name": {"one": {"name": "x", "nam": 1}}}, "by_name.one.nam is unknown; did you mean name"),
        ({"in_turn": [{"name": "x", "nam": 1}]}, "in_turn.0.nam is unknown; did you mean name"),
        ({"budget": {"blocks": 1, "block": 1}}, "budget.block is unknown; did you mean blocks"),
    ],
)
def test_an_unknown_setting_in_a_collection_is_named_with_the_nearest(changes, line):
    collecting = pipeline([node(collect, inputs="params:collection", outputs=None, name="collect")])
    good = {"by_name": {}, "in_turn": [{"name": "x"}]}
    with pytest.raises(UserError, match=f"1 parameter cannot be used: collection.{line}"):
        check_parameters(parameters(collection=good | changes), PIPELINES | {"collection": collecting})


def test_an_unknown_setting_of_an_arm_is_named_with_the_nearest():
    comparison = ON_REQUEST_BLOCKS["comparison"] | {"arms": {"redpo": {"redpo_trainng": {}}}}
    line = refusal(comparison=comparison)
    assert "comparison.arms.redpo.redpo_trainng is unknown; did you mean redpo_training?" in line


def test_an_impossible_value_is_named_with_its_bound():
    line = refusal(training={"choice": {"name": "even"}, "epochs": 0})
    assert "training.epochs is 0: should be greater than or equal to 1" in line


def test_a_refusal_of_the_whole_block_is_passed_on():
    line = refusal(training={"choice": {"name": "odd"}, "epochs": 2})
    assert "training: choice odd needs odd epochs; set epochs to 1" in line


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"stage_1": {}}, "stage_1.budget"),
        ({"training": {}}, "training.choice"),
        ({"tracking": None}, "tracking"),
    ],
)
def test_what_is_missing_is_named(changes, missing):
    assert missing in refusal(**changes)


def test_all_problems_come_at_once():
    line = refusal(
        trainin={},
        training={"choice": {"name": "even"}, "epochs": "many"},
        stage_1={"budget": {"blocks": None}},
    )
    assert line.startswith("3 parameters cannot be used")
    assert all(
        name in line for name in ("trainin ", "training.epochs is 'many'", "stage_1.budget.blocks is None")
    )


@pytest.mark.parametrize("stages", [0, -1, 100, "two", 1.5, None, True])
def test_an_impossible_number_of_stages_is_refused(stages):
    with pytest.raises(UserError, match="stages is .* whole number from 1 to 99"):
        stages_of({"stages": stages})


keys = st.sampled_from(["training", "choice", "name", "epochs", "stage_1", "budget", "blocks", "stages"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(keys | st.text(max_size=5) | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.dictionaries(keys | st.text(max_size=5) | st.integers(), values, max_size=4))
def test_any_parameters_pass_or_are_refused(changes):
    told = ""
    try:
        check_parameters(parameters() | changes, PIPELINES)
    except UserError as error:
        told = str(error)
    assert not told or "parameter" in told


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Judging:
    judge: str

    def check(self) -> None:
        if self.judge != "lexicon":
            raise UserError(f"judge {self.judge!r} is unknown")


def judge(settings: Judging) -> None: ...


def test_what_settings_find_out_themselves_is_told_with_the_rest():
    judging = pipeline([node(judge, inputs="params:judging", outputs=None, name="judge")])
    pipelines = PIPELINES | {"judging": judging}
    check_parameters(parameters(judging={"judge": "lexicon"}), pipelines)
    with pytest.raises(UserError, match="2 parameters .*trainin is unknown.*judging: judge 'x' is unknown"):
        check_parameters(parameters(judging={"judge": "x"}, trainin={}), pipelines)


def test_pipelines_with_parameters_of_their_own_are_looked_at_only_where_they_are_asked_for():
    known = PIPELINES | dict.fromkeys(ON_REQUEST, PIPELINES["stage_1"])
    assert worth_making(known) == PIPELINES
    assert worth_making(known, ON_REQUEST) == known


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"base": "pruned"}, "sweep.base is 'pruned', no arm of the comparison; its arms are redpo"),
        ({}, "sweep.sweeps has none that can be run"),
    ],
)
def test_sweeps_that_cannot_be_stop_only_who_asks_for_them(changes, reason):
    wrong = parameters(sweep=ON_REQUEST_BLOCKS["sweep"] | changes)
    check_parameters(wrong, PIPELINES)
    with pytest.raises(UserError, match=f"1 parameter cannot be used: {reason}"):
        check_parameters(wrong, PIPELINES | {"sweep": pipeline([])})


def test_an_arm_that_is_named_and_cannot_be_run_stops_only_who_asks_for_it():
    arms = {"redpo": {}, "offline": {"at_once": True}}
    wrong = parameters(comparison=ON_REQUEST_BLOCKS["comparison"] | {"arms": arms, "only": ["offline"]})
    check_parameters(wrong, PIPELINES)
    with pytest.raises(UserError, match="1 parameter cannot be used: comparison.only names offline: it rem"):
        check_parameters(wrong, PIPELINES | {"comparison": pipeline([])})
