"""A judge that asks a causal language model of `transformers` on this machine."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

from vip.errors import UserError
from vip.families.snapshot import snapshot_of
from vip.families.sources import located
from vip.hashing import content_hash
from vip.judges.answers import probability, said
from vip.judges.base import Judge
from vip.judges.questions import read_questions
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTH_STEP = 64
"""Questions are padded to a multiple of so many tokens."""


@final
class LanguageModel(Judge):
    """Puts one question a property through the model's chat template and reads the odds of yes against no.

    The model generates nothing: the probability is that of every way to say yes as the very next token,
    divided by that of yes and no together. Every question is run in a batch of one shape, which depends on
    its own length alone, so its answer does not depend on its neighbours.
    """

    name: ClassVar[str] = "language_model"

    def __init__(
        self,
        model: str,
        revision: str | None = None,
        questions: str = "",
        template_options: Mapping[str, Any] | None = None,
        batch_size: int = 8,
    ) -> None:
        """Take a folder or a name on the hub (with `HF_HUB_OFFLINE=1`, one that is in its cache).

        `questions` is a YAML file such as `questions.yml` beside this module; `template_options` go to the
        model's chat template (`{enable_thinking: false}`, say); four questions a prompt make a batch.
        """
        if batch_size < 1:
            raise UserError(f"judge 'language_model': batch_size is {batch_size}, at least 1 is needed")
        self.batch_size = batch_size
        self._model_name, self._revision = model, revision
        self._questions = read_questions(questions)
        self._template_options = dict(template_options or {})

    @property
    def fingerprint(self) -> str:
        """A hash of the model's files (of its commit, if it comes from the hub) and of what it is asked."""
        return content_hash(self.name, self._identity, vars(self._questions), self._template_options)

    def judge(self, prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Probabilities (B, 4), by the logits of the token that would come next."""
        import numpy as np

        texts = [self._render(prompt, name) for prompt in prompts for name in PROPERTIES]
        return np.array(self._ask(texts), dtype=np.float64).reshape(-1, len(PROPERTIES))

    @cached_property
    def _folder(self) -> Path:
        return located(self._model_name, self._revision)

    @cached_property
    def _identity(self) -> str:
        return snapshot_of(self._model_name, self._revision).revision

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        except (OSError, ValueError) as error:
            raise UserError(_unreadable(self._folder, "tokenizer", error)) from None
        if not tokenizer.chat_template:
            raise UserError(
                f"{self._folder} has no chat template, so it is no model that answers; take an instruct model"
            )
        return tokenizer

    @cached_property
    def _model(self) -> Any:
        from transformers import AutoModelForCausalLM

        from vip.generation.device import best_device

        try:
            model = AutoModelForCausalLM.from_pretrained(
                self._folder, local_files_only=True, use_safetensors=True, dtype="auto"
            )
        except (OSError, ValueError) as error:
            raise UserError(_unreadable(self._folder, "causal language model", error)) from None
        return model.eval().to(best_device())

    @cached_property
    def _words(self) -> dict[str, list[int]]:
        """The tokens that say yes, and those that say no."""
        words: dict[str, list[int]] = {"yes": [], "no": []}
        for token, word in enumerate(
            map(said, self._tokenizer.batch_decode([[i] for i in self._vocabulary]))
        ):
            if word:
                words[word].append(token)
        if missing := [word for word, tokens in words.items() if not tokens]:
            raise UserError(
                f"{self._folder} has no token for {missing[0]!r}; take a model that reads English"
            )
        return words

    @property
    def _vocabulary(self) -> range:
        return range(min(len(self._tokenizer), self._model.config.get_text_config().vocab_size))

    def _render(self, prompt: str, name: str) -> list[int]:
        """The tokens of a question, up to where the model's answer would begin."""
        from jinja2 import TemplateError

        chat = self._questions.chat(prompt, name)
        try:
            text = self._tokenizer.apply_chat_template(
                chat, tokenize=False, add_generation_prompt=True, **self._template_options
            )
        except TemplateError as error:
            raise UserError(
                f"the chat template of {self._folder} refuses the questions ({error}); if it knows no system "
                "message, leave `system` blank in questions of your own"
            ) from None
        tokens: list[int] = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        return tokens

    def _ask(self, questions: Sequence[list[int]]) -> list[float]:
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, tokens in enumerate(questions):
            by_length[-(-len(tokens) // LENGTH_STEP) * LENGTH_STEP].append(row)
        answers = [0.0] * len(questions)
        size = self.batch_size * len(PROPERTIES)
        for length, rows in by_length.items():
            for start in range(0, len(rows), size):
                batch = rows[start : start + size]
                filled = [*batch, *batch[-1:] * (size - len(batch))]
                odds = self._run([questions[row] for row in filled], length)
                for row, answer in zip(batch, odds, strict=False):  # what filled the batch up is left out
                    answers[row] = answer
        return answers

    def _run(self, questions: Sequence[list[int]], length: int) -> list[float]:
        """P(yes) of each question, in one forward pass of shape (B, length), padded on the left."""
        import torch

        tokens = torch.zeros(len(questions), length, dtype=torch.long)
        mask = torch.zeros_like(tokens)
        for row, question in enumerate(questions):
            tokens[row, length - len(question) :] = torch.tensor(question)
            mask[row, length - len(question) :] = 1
        places = (mask.cumsum(dim=1) - 1).clamp(min=0)
        device = self._model.device
        with torch.inference_mode():
            logits = self._model(
                input_ids=tokens.to(device),
                attention_mask=mask.to(device),
                position_ids=places.to(device),
                use_cache=False,
                logits_to_keep=1,
            ).logits[:, -1]
        yes, no = (logits[:, self._words[word]].double().tolist() for word in ("yes", "no"))
        return [probability(*odds) for odds in zip(yes, no, strict=True)]


def _unreadable(folder: Path, what: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:200]
    return f"{folder} holds no {what} that transformers can open ({reason}); name another model"
