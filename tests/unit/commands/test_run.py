"""How `kedro run` reads its parameters and speaks of errors."""

import pytest
from kedro.config import MissingConfigException
from kedro.io import DatasetError

from vip.commands.run import explain, parse_parameters, run
from vip.errors import UserError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("stage:2", {"stage": 2}),
        ("stage=2", {"stage": 2}),
        ("stage=two", {"stage": "two"}),
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
            "x.bin cannot be written or read (No space left on device); "
            "mend that, and run the same command again",
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
