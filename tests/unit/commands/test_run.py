"""How `kedro run` reads its parameters and speaks of errors."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.config import MissingConfigException
from kedro.io import DatasetError

from vip.commands.run import LONGEST_LINE, explain, one_line, parse_parameters, run
from vip.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("stage:2", {"stage": 2}),
        ("stage=2", {"stage": 2}),
        ("stage=two", {"stage": "two"}),
        ("a.b=[1,2],c=[x, y]", {"a": {"b": [1, 2]}, "c": ["x", "y"]}),
        (
            "s.values=[[400000,210000],[210000, 93000]],stage:2",
            {"s": {"values": [[400000, 210000], [210000, 93000]]}, "stage": 2},
        ),
        ("a={x: 1,y: 2},b=3", {"a": {"x": 1, "y": 2}, "b": 3}),
        ("a={x: [1,2],y: {z: [[3],4]}}", {"a": {"x": [1, 2], "y": {"z": [[3], 4]}}}),
        ("a=x],b=1", {"a": "x]", "b": 1}),
        (" stage : 2 , stages=3", {"stage": 2, "stages": 3}),
        (
            "redpo_training.beta:5e3,redpo_training.epochs=1",
            {"redpo_training": {"beta": 5000.0, "epochs": 1}},
        ),
        ("tracking.uri=sqlite:///runs.db", {"tracking": {"uri": "sqlite:///runs.db"}}),
    ],
)
def test_parameters_are_separated_by_colon_or_equals_sign(text, expected):
    assert parse_parameters(text) == expected


@pytest.mark.parametrize("text", ["stage", "=2", ":2", "stages=2,stage"])
def test_what_is_no_parameter_is_refused(text):
    with pytest.raises(UserError, match="which is no key=value"):
        parse_parameters(text)


@pytest.mark.parametrize(
    "text",
    [
        "a=[1", "a={", "a=[1,2", "a=!!int x", "a=!!timestamp x", "a=!!python/object:os.system x",
        "a=0b_", "a=*gone", "a=" + "[" * 5000, "a=" + "9" * 5000, "a={[1]: 2}", "a={b: 1",
    ],
)  # fmt: skip
def test_what_is_no_yaml_is_refused(text):
    with pytest.raises(UserError, match="--params has"):
        parse_parameters(text)


@pytest.mark.parametrize("text", ["a=x[,b=1", "a={x: 1,y: [2},b=1"])
def test_an_open_bracket_swallows_nothing(text):
    with pytest.raises(UserError, match="stay open; close them"):
        parse_parameters(text)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(max_size=30) | st.text("ab.:=,[]{}$!&*'\"0_ ", max_size=20))
def test_any_text_is_parameters_or_refused(text):
    try:
        told = f"--params has {parse_parameters(text)}"
    except UserError as error:
        told = str(error)
    assert told.startswith("--params has ")


names = st.text("abcdefghijk_", min_size=1, max_size=8)
values = (
    st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda value: "e" not in repr(value))
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.dictionaries(st.tuples(names, names), values, max_size=4), st.sampled_from(":="), st.booleans())
def test_what_is_written_is_read_with_its_type(given_values, separator, spaced):
    space = " " * spaced
    items = [f"{block}.{key}{space}{separator}{space}{value}" for (block, key), value in given_values.items()]
    expected: dict = {}
    for (block, key), value in given_values.items():
        expected.setdefault(block, {})[key] = value
    assert parse_parameters(f",{space}".join(items)) == expected


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text(max_size=50).map(lambda text: text * 100))
def test_an_error_is_one_line_that_a_terminal_shows_as_it_is(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line) < LONGEST_LINE + 50


def test_control_characters_are_spelled_out():
    assert one_line("a\x1b[31mb\x00c\ud800\n  d") == r"a\x1b[31mb\x00c\ud800 d"


nested = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.dictionaries(names, nested, max_size=3))
def test_lists_and_mappings_of_any_depth_are_read_as_they_are_written(given_values):
    text = ",".join(f"{key}={json.dumps(value)}" for key, value in given_values.items())
    assert parse_parameters(text) == given_values


def wrapped(inner: Exception, outer: Exception) -> Exception:
    try:
        raise outer from inner
    except type(outer) as error:
        return error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UserError("budget is 9,\n  8 are there"), "budget is 9, 8 are there"),
        (wrapped(UserError("no column prompt"), DatasetError("Failed while loading")), "no column prompt"),
        (wrapped(wrapped(UserError("deep"), ValueError("middle")), RuntimeError("outer")), "deep"),
        (DatasetError("No such file"), "No such file"),
        (
            wrapped(OSError(28, "No space left on device", "x.bin"), DatasetError("Failed while saving")),
            (
                "x.bin cannot be written or read (No space left on device); mend that, and run the same"
                " command again"
            ),
        ),
        (OSError(22, "Invalid argument"), None),
        (MissingConfigException("no conf"), "no conf"),
        (ValueError("a bug"), None),
        (KeyError("a bug"), None),
    ],
)
def test_only_what_the_user_can_mend_becomes_a_line(error, line):
    assert explain(error) == line


def test_every_native_option_is_there():
    names = {option for parameter in run.params for option in parameter.opts}
    native = {"--tags", "--env", "--runner", "--nodes", "--from-nodes", "--to-nodes", "--from-inputs"}
    native |= {
        "--to-outputs",
        "--pipeline",
        "--pipelines",
        "--namespaces",
        "--only-missing-outputs",
        "--config",
    }
    assert native | {"--params", "--verbose"} <= names
