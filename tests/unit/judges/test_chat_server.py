"""The judge that asks a server: a real one on loopback, which errs, dawdles, babbles, dies and comes back."""

import logging
import socket
import time

import numpy as np
import pandas as pd
import pytest
from tests.tiny.settings import prompt_filtering

from vip.datasets import LazyMapDataset
from vip.errors import UserError
from vip.judges.chat_client import Answer, MalformedAnswerError, Turns, read_answer
from vip.judges.chat_server import ChatServer, read_odds
from vip.judges.language_model import LanguageModel
from vip.pipelines.prompt_filtering import nodes
from vip.types import PROPERTIES

PROMPTS = ["red circle moves left", "crisp blue square", "moves"]
MOTION = PROPERTIES.index("dynamic_degree")


@pytest.fixture
def server(chat_process):
    chat_process.forget()
    return chat_process


@pytest.fixture
def build(server, tiny_chat_model):
    def build(**options):
        given = {"url": server.url, "model": "tiny", "questions": str(tiny_chat_model / "questions.yml")}
        return ChatServer(**given | {"backoff": 0.01, "timeout": 30.0} | options)

    return build


def test_it_agrees_with_the_same_model_run_here(build, tiny_chat_model):
    here = LanguageModel(str(tiny_chat_model), questions=str(tiny_chat_model / "questions.yml"))
    np.testing.assert_allclose(build().judge(PROMPTS), here.judge(PROMPTS), atol=1e-5)


def test_each_prompt_is_asked_once_about_each_property(build, server):
    build().judge(PROMPTS)
    assert len(server.asked()) == 4 * len(PROMPTS)
    assert set(server.asked().values()) == {1}


@pytest.mark.parametrize("fault", ["500", "503", "429", "drop", "malformed", "not JSON", "nan"])
def test_what_may_pass_is_tried_again(build, server, fault):
    expected = build(parallel=1).judge(PROMPTS[:1])
    server.forget()
    server.misbehave(fault, fault)
    np.testing.assert_array_equal(build(parallel=1).judge(PROMPTS[:1]), expected)
    assert sum(server.asked().values()) == 4 + 2


def test_a_slow_answer_is_not_waited_for_and_asked_for_again(build, server):
    expected = build(parallel=1).judge(PROMPTS[:1])
    server.misbehave("slow", "slow")
    np.testing.assert_array_equal(build(parallel=1, timeout=0.3).judge(PROMPTS[:1]), expected)


@pytest.mark.parametrize(
    ("fault", "told"), [("500", "status 500: .*told to say 500"), ("malformed", "no chat completion")]
)
def test_after_the_last_try_the_reason_is_told(build, server, fault, told):
    server.misbehave(*[fault] * 3)
    with pytest.raises(UserError, match=f"no usable answer in 3 tries of up to 30 s .*{told}"):
        build(parallel=1, attempts=3).judge(PROMPTS[:1])
    assert max(server.asked().values()) == 3


@pytest.mark.parametrize("status", ["400", "401", "404"])
def test_a_request_that_will_never_do_is_not_repeated(build, server, status):
    server.misbehave(status)
    with pytest.raises(UserError, match=f"refuses the request with status {status} .*api_key_variable"):
        build(parallel=1).judge(PROMPTS[:1])
    assert max(server.asked().values()) == 1


def test_a_server_asks_for_time_and_gets_it(build, server):
    server.misbehave("429")
    build(parallel=1).judge(PROMPTS[:1])
    first, second = (moment for moment, *_ in server.entries()[:2])
    assert second - first >= 1.0


def test_no_server_is_told(build):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(UserError, match="no usable answer in 2 tries .*refused"):
            build(url=nobody, attempts=2).judge(PROMPTS[:1])


def test_words_count_where_there_are_no_probabilities(build, server, caplog):
    server.misbehave("says Yes, it does.", "says No.", "says yes", "says It might.")
    with caplog.at_level(logging.WARNING):
        assert build(parallel=1).judge(PROMPTS[:1])[0].sum() == 2.0
    assert "'It might.', neither yes nor no" in caplog.text
    assert caplog.text.count("counts as no") == 1


def test_requests_keep_to_their_rate(build, server):
    build(requests_per_minute=1200, parallel=3).judge(PROMPTS)
    moments = sorted(moment for moment, *_ in server.entries())
    assert len(moments) == 12
    assert moments[-1] - moments[0] >= 11 * 0.05 - 0.045


def test_turns_are_evenly_spaced():
    turns = Turns(per_minute=3000)
    begun = time.monotonic()
    for _ in range(6):
        turns.wait()
    assert time.monotonic() - begun >= 5 * 0.02


def test_a_server_that_dies_and_returns_is_not_asked_again_for_what_it_said(
    build, server, tmp_path, tiny_chat_model
):
    """The judgements' dataset keeps what was answered, whatever happens in between."""
    prompts = pd.DataFrame({"prompt_id": list("abcde"), "prompt": [f"red circle {n} moves" for n in "vwxyz"]})
    options = {"url": server.url, "model": "tiny", "questions": str(tiny_chat_model / "questions.yml")}
    options |= {"parallel": 1, "attempts": 2, "backoff": 0.01}
    settings = prompt_filtering(judge={"name": "chat_server", "options": options})

    def judge_all():
        dataset = LazyMapDataset(str(tmp_path / "judged.parquet"), str(tmp_path / "store"), "row")
        dataset.save(nodes.judge_prompts(prompts, settings))
        return nodes.label_prompts(dataset.load())

    server.misbehave("503", *[""] * (2 * 4 + 1), "die")  # a hiccup in the first prompt, death in the third
    with pytest.raises(UserError, match="what was answered so far is kept"):
        judge_all()
    answered = server.asked()
    server.stop()
    server.start()
    table = judge_all()
    finished = [question for question in answered if question.endswith(("v moves", "w moves"))]
    assert len(finished) == 8
    repeated = server.asked()
    assert sum(repeated[question] for question in finished) == 8 + 1, "the hiccup apart, each was asked once"
    assert len(repeated) == 4 * len(prompts)
    assert (table["dynamic_degree"] > 0.5).all()
    before = sum(repeated.values())
    judge_all()
    assert sum(server.asked().values()) == before


def test_the_fingerprint_follows_model_revision_questions_and_request_not_the_address(build):
    same = build().fingerprint
    assert build(url="http://elsewhere:1/v1", timeout=1.0, parallel=9).fingerprint == same
    others = [{"model": "m"}, {"revision": "2"}, {"questions": ""}, {"request": {"seed": 1}}]
    assert len({same, *(build(**other).fingerprint for other in others)}) == 5


def test_a_default_of_the_request_can_be_taken_away(build):
    assert build(request={"seed": None}).fingerprint != build().fingerprint
    assert build(request={"seed": None, "logprobs": None}).judge(PROMPTS).shape == (3, 4)


def test_a_key_comes_from_the_environment_only(build, monkeypatch):
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(UserError, match="environment variable NO_SUCH_KEY is empty"):
        build(api_key_variable="NO_SUCH_KEY")
    monkeypatch.setenv("NO_SUCH_KEY", "secret")
    judge = build(api_key_variable="NO_SUCH_KEY")
    assert judge._client.headers == {"Authorization": "Bearer secret"}
    assert judge.fingerprint == build().fingerprint


@pytest.mark.parametrize(
    ("option", "message"),
    [({"attempts": 0}, "attempts is 0, at least 1"), ({"url": "localhost:1"}, "write it as http://")],
)
def test_impossible_options_are_refused(build, option, message):
    with pytest.raises(UserError, match=message):
        build(**option)


@pytest.mark.parametrize(
    ("answer", "odds"),
    [
        (Answer("maybe", [("Yes", np.log(0.3)), (" no", np.log(0.1)), ("maybe", np.log(0.6))]), 0.75),
        (Answer("Yes", [("maybe", -0.1)]), 1.0),
        (Answer("No, never"), 0.0),
        (Answer("<think> yes"), None),
        (Answer(""), None),
    ],
)
def test_odds_of_an_answer(answer, odds):
    assert read_odds(answer) == (None if odds is None else pytest.approx(odds))


def test_the_first_word_is_the_first_token_that_is_not_blank():
    content = (
        b'{"choices": [{"message": {"content": "\\nYes"}, "logprobs": {"content": ['
        b'{"token": "\\n", "logprob": 0, "top_logprobs": [{"token": "no", "logprob": 0}]},'
        b'{"token": "Yes", "logprob": 0, "top_logprobs": [{"token": "Yes", "logprob": -0.5}]}]}}]}'
    )
    assert read_answer(content) == Answer("\nYes", [("Yes", -0.5)])


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'{"choices": [{"message": {"content": 3}}]}', b"\xff"]
)
def test_other_answers_are_malformed(content):
    with pytest.raises(MalformedAnswerError, match="no chat completion"):
        read_answer(content)
