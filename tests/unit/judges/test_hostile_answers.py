"""Whatever a server or a model says is an answer or is called malformed; no caption can stop a run."""

import copy
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vip.judges.answers import probability, said
from vip.judges.chat_client import Answer, MalformedAnswerError, read_answer
from vip.judges.chat_server import read_odds

GOOD = {
    "choices": [
        {
            "message": {"role": "assistant", "content": "yes"},
            "logprobs": {
                "content": [
                    {
                        "token": "yes",
                        "logprob": -0.1,
                        "top_logprobs": [{"token": "yes", "logprob": -0.1}, {"token": "No", "logprob": -2.4}],
                    }
                ]
            },
        }
    ]
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def odds_of(content: bytes) -> float | None:
    """The odds of an answer; None, too, for a malformed one."""
    try:
        return read_odds(read_answer(content))
    except MalformedAnswerError:
        return None


def places_in(value, path=()):
    """The path to every value inside a JSON value."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from places_in(inner, (*path, key))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.data())
def test_an_answer_with_anything_in_any_place_gives_odds_or_none(data):
    answer = copy.deepcopy(GOOD)
    *path, last = data.draw(st.sampled_from(list(places_in(answer))[1:]))
    place = answer
    for key in path:
        place = place[key]
    place[last] = data.draw(json_values)
    odds = odds_of(json.dumps(answer).encode())
    assert odds is None or 0 <= odds <= 1


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.binary(max_size=50) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_malformed_or_an_answer(content):
    assert odds_of(content) is None


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"choices": ' + b"9" * 5000 + b"}"])
def test_what_no_parser_reads_is_malformed(content):
    assert odds_of(content) is None


@pytest.mark.parametrize("logprob", ["-Infinity", "1" + "0" * 400, "NaN"])
def test_log_probabilities_that_say_nothing_leave_the_word(logprob):
    text = json.dumps(GOOD).replace("-2.4", logprob)
    assert odds_of(text.encode()) in (1.0, None)
    both = text.replace('"logprob": -0.1', f'"logprob": {logprob}')
    assert odds_of(both.encode()) in (1.0, None), "the word itself said yes"


@settings(derandomize=True, max_examples=100, deadline=None)
@given(
    st.lists(st.floats(max_value=0, allow_nan=False, allow_infinity=False), min_size=1, max_size=4),
    st.lists(st.floats(max_value=0, allow_nan=False, allow_infinity=False), max_size=4),
)
def test_odds_are_a_probability_and_those_of_no_are_the_rest(yes, no):
    found = probability(yes, no)
    assert 0 <= found <= 1
    assert math.isclose(found + probability(no, yes), 1, abs_tol=1e-9)


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.text(max_size=20))
def test_only_yes_and_no_are_words(text):
    word = said(text)
    assert word in ("yes", "no", None)
    assert word is None or word in text.lower()
    assert read_odds(Answer(text)) in (0.0, 1.0, None)
