"""A judge that asks any OpenAI-compatible server: vLLM, Ollama, `transformers serve`, a service."""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.errors import UserError
from vip.hashing import content_hash
from vip.judges.answers import probability, said
from vip.judges.base import Judge
from vip.judges.chat_client import Answer, ChatClient, Turns
from vip.judges.questions import read_questions
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

logger = logging.getLogger(__name__)

REQUEST: Mapping[str, Any] = {
    "temperature": 0, "seed": 0, "max_tokens": 4, "logprobs": True, "top_logprobs": 20,
}  # fmt: skip
"""What every request says, besides the model and the question."""


@final
class ChatServer(Judge):
    """Asks one question a property, and reads the odds of yes against no among the likeliest first words.

    A server that gives no log-probabilities is taken at its word: 1 for yes, 0 for no. An answer that is
    neither counts as 0, with a warning. The dataset `prompt_judgements` keeps
    what was answered, batch by batch.
    """

    name: ClassVar[str] = "chat_server"

    def __init__(
        self,
        url: str,
        model: str,
        revision: str = "",
        questions: str = "",
        request: Mapping[str, Any] | None = None,
        api_key_variable: str = "",
        timeout: float = 60.0,
        attempts: int = 6,
        backoff: float = 1.0,
        requests_per_minute: float = 0.0,
        parallel: int = 4,
    ) -> None:
        """Take the server's address up to `/v1`, and the model's name there.

        `revision` is yours to change when the same name stands for another model: judgements are kept by name
        and revision, not by address. `questions` is a YAML file such as `questions.yml` beside this module;
        `request` is added to every request (null takes a default away); `api_key_variable` names the
        environment variable that holds the key. `timeout` is seconds a try, `backoff` half the seconds waited
        after the second failure, doubled after each; `requests_per_minute` 0 is no limit; so many questions
        are asked at once as `parallel` says.
        """
        for option, value, least in (
            ("attempts", attempts, 1), ("parallel", parallel, 1), ("timeout", timeout, 0.001),
            ("backoff", backoff, 0), ("requests_per_minute", requests_per_minute, 0),
        ):  # fmt: skip
            if value < least:
                raise UserError(f"judge 'chat_server': {option} is {value}, at least {least} is needed")
        if not url.startswith(("http://", "https://")):
            raise UserError(f"judge 'chat_server': url is {url!r}; write it as http://localhost:8000/v1")
        self.batch_size = parallel
        self._model, self._revision = model, revision
        self._questions = read_questions(questions)
        merged = {**REQUEST, **(request or {})}
        self._request = {key: value for key, value in merged.items() if value is not None}
        headers = _authorization(api_key_variable)
        self._client = ChatClient(
            url.rstrip("/"), headers, timeout, attempts, backoff, Turns(requests_per_minute)
        )

    @property
    def fingerprint(self) -> str:
        """A hash of the model's name and revision and of all that it is asked; not of the address."""
        return content_hash(self.name, self._model, self._revision, vars(self._questions), self._request)

    def judge(self, prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Probabilities (B, 4), from the server's answers."""
        import numpy as np

        asked = [(prompt, name) for prompt in prompts for name in PROPERTIES]
        with ThreadPoolExecutor(self.batch_size) as threads:
            answers = list(threads.map(self._ask, asked))
        return np.array(answers, dtype=np.float64).reshape(-1, len(PROPERTIES))

    def _ask(self, asked: tuple[str, str]) -> float:
        messages = self._questions.chat(*asked)
        answer = self._client.complete({**self._request, "model": self._model, "messages": messages})
        odds = read_odds(answer)
        if odds is None:
            logger.warning(
                "%s answers %r, neither yes nor no, whether %r describes %s; it counts as no",
                self._model, answer.text[:80], *asked,
            )  # fmt: skip
        return odds or 0.0


def read_odds(answer: Answer) -> float | None:
    """The probability of yes that an answer tells; None where it says neither yes nor no."""
    words = [(said(token), logprob) for token, logprob in answer.beginnings]
    yes, no = ([logprob for word, logprob in words if word == wanted] for wanted in ("yes", "no"))
    if yes or no:
        return probability(yes, no)
    spoken = said(next(iter(answer.text.split()), ""))
    return None if spoken is None else float(spoken == "yes")


def _authorization(variable: str) -> dict[str, str]:
    if not variable:
        return {}
    key = os.environ.get(variable)
    if not key:
        raise UserError(
            f"judge 'chat_server': the environment variable {variable} is empty; put the key there"
        )
    return {"Authorization": f"Bearer {key}"}
