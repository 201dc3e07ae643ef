"""What every registered judge promises."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vip.errors import UserError
from vip.judges.base import Judge
from vip.judges.registry import JUDGES, judge_named
from vip.types import PROPERTIES

FIXTURES: dict[str, str] = {
    "lexicon": "lexicon_options",
    "language_model": "language_model_options",
    "chat_server": "chat_server_options",
}
"""Judge -> fixture with options that make a small one; a new judge adds its line here."""
PROMPTS = [
    "red circle moves left on black background",
    "crisp blue square on white background",
    "",
    "None",
    "\u05e2\u05d9\u05d2\u05d5\u05dc caf\u00e9 \U0001f534",
    "word " * 300,
]


@pytest.fixture(scope="session")
def lexicon_options() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="session")
def language_model_options(tiny_chat_model) -> dict[str, Any]:
    return {"model": str(tiny_chat_model), "questions": str(tiny_chat_model / "questions.yml")}


@pytest.fixture(scope="session")
def chat_server_options(tiny_chat_model, chat_process) -> dict[str, Any]:
    questions = str(tiny_chat_model / "questions.yml")
    return {"url": chat_process.url, "model": "tiny", "questions": questions}


Build = Callable[..., Judge]


@pytest.fixture(scope="module", params=sorted(JUDGES))
def build(request: pytest.FixtureRequest) -> Build:
    options = request.getfixturevalue(FIXTURES[request.param])
    return lambda **more: judge_named(request.param, options | more)


@pytest.fixture(scope="module")
def judge(build: Build) -> Judge:
    return build()


def test_every_registered_judge_is_tested():
    assert set(FIXTURES) == set(JUDGES)


def test_it_goes_by_its_registered_name(judge):
    assert JUDGES[judge.name].endswith(f":{type(judge).__name__}")


def test_it_gives_one_probability_a_prompt_and_property(judge):
    probabilities = judge.judge(PROMPTS)
    assert probabilities.shape == (len(PROMPTS), len(PROPERTIES))
    assert probabilities.dtype == np.float64
    assert ((probabilities >= 0) & (probabilities <= 1)).all()


def test_no_prompts_give_no_probabilities(judge):
    assert judge.judge([]).shape == (0, len(PROPERTIES))


def test_a_prompt_is_judged_by_itself_and_always_alike(judge, build):
    together = judge.judge(PROMPTS)
    np.testing.assert_array_equal(np.concatenate([judge.judge([prompt]) for prompt in PROMPTS]), together)
    np.testing.assert_array_equal(build().judge(PROMPTS[::-1])[::-1], together)


def test_it_tells_motion_from_none(judge):
    dynamic = judge.judge(PROMPTS[:2])[:, PROPERTIES.index("dynamic_degree")]
    assert dynamic[0] > 0.5 > dynamic[1]


def test_it_says_how_many_prompts_it_takes_at_once(judge):
    assert judge.batch_size >= 1


def test_the_fingerprint_is_stable_text(judge, build):
    assert isinstance(judge.fingerprint, str)
    assert judge.fingerprint == build().fingerprint


def test_options_it_does_not_know_are_refused(build):
    with pytest.raises(UserError, match="has no option no_such_option"):
        build(no_such_option=1)
