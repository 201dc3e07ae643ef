"""A client of OpenAI-compatible servers: it waits its turn, gives up in time, and tries again."""

import json
import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry

from vip.errors import UserError

BUSY = {408, 409, 425, 429}
"""Refusals, besides all 5xx, after which the same request may succeed."""
LONGEST_WAIT = 120
"""Seconds that are waited at most between two tries, also if the server asks for more."""


class MalformedAnswerError(ValueError):
    """What came back is no chat completion."""


@dataclass(frozen=True)
class Answer:
    """What a model said, and the log-probabilities of the words it might have begun with instead."""

    text: str
    beginnings: Sequence[tuple[str, float]] = ()


class Turns:
    """Gives at most so many turns a minute, evenly spaced; 0 gives as many as are asked for."""

    def __init__(self, per_minute: float) -> None:
        self._interval = 60 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn; callers may be threads."""
        with self._lock:
            turn = max(time.monotonic(), self._next)
            self._next = turn + self._interval
        time.sleep(max(turn - time.monotonic(), 0.0))


@dataclass(frozen=True)
class ChatClient:
    """Where the server is, and how patient one is with it: seconds a try, tries, seconds between them."""

    url: str
    headers: Mapping[str, str]
    timeout: float
    attempts: int
    backoff: float
    turns: Turns
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=32))

    def complete(self, body: Mapping[str, Any]) -> Answer:
        """The server's answer to a chat completion request.

        A server that is busy, down, slow or talks nonsense is asked again, after waits that double each time
        (or that it asks for in `Retry-After`). UserError once `attempts` are used up, and at once for a
        request that it will never accept.
        """
        retry = Retry(
            total=self.attempts - 1,
            allowed_methods=None,
            backoff_factor=self.backoff,
            backoff_max=LONGEST_WAIT,
            retry_after_max=LONGEST_WAIT,
        )
        while True:
            self.turns.wait()
            response, problem = None, None
            try:
                response = self._post(body)
                if response.status == 200:
                    return read_answer(response.data)
                self._refuse(response)
            except (HTTPError, MalformedAnswerError) as error:
                problem = error
            try:
                retry = retry.increment("POST", self.url, response=response, error=problem)
            except MaxRetryError:
                raise UserError(self._complaint(response, problem)) from None
            retry.sleep(response)

    def _post(self, body: Mapping[str, Any]) -> urllib3.BaseHTTPResponse:
        return self.pool.request(
            "POST",
            f"{self.url}/chat/completions",
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self.headers},
            timeout=self.timeout,
            retries=False,
            redirect=False,
        )

    def _refuse(self, response: urllib3.BaseHTTPResponse) -> None:
        """Stop at an answer that another try will not change."""
        if response.status < 500 and response.status not in BUSY:
            raise UserError(
                f"{self.url} refuses the request with status {response.status} ({_excerpt(response.data)}); "
                "check the judge's options url, model, request and api_key_variable"
            )

    def _complaint(self, response: urllib3.BaseHTTPResponse | None, problem: Exception | None) -> str:
        if problem is not None:
            reason = f"{type(problem).__name__}: {problem}"
        else:
            assert response is not None, "there is an answer or an error"
            reason = f"status {response.status}: {_excerpt(response.data)}"
        return (
            f"{self.url} gave no usable answer in {self.attempts} tries of up to {self.timeout:g} s "
            f"({reason}); look whether the server runs, then run again: what was answered so far is kept"
        )


def read_answer(content: bytes) -> Answer:
    """The first choice of a chat completion; MalformedAnswerError where there is none."""
    try:
        choice = json.loads(content)["choices"][0]
        text = choice["message"]["content"] or ""
        tokens = (choice.get("logprobs") or {}).get("content") or []
        first: list[Any] = next((token["top_logprobs"] for token in tokens if token["token"].strip()), [])
        beginnings = [(str(each["token"]), float(each["logprob"])) for each in first]
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        raise MalformedAnswerError(f"no chat completion: {_excerpt(content)}") from None
    if not isinstance(text, str) or any(math.isnan(each) or each > 1e-3 for _, each in beginnings):
        raise MalformedAnswerError(f"no chat completion: {_excerpt(content)}")
    return Answer(text, [(token, logprob) for token, logprob in beginnings if logprob > -math.inf])


def _excerpt(content: bytes) -> str:
    return " ".join(content[:200].decode(errors="replace").split()) or "nothing"
