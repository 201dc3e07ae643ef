"""The list of judges: one line each, imported only when asked for."""

from collections.abc import Mapping
from typing import Any, cast

from vip.judges.base import Judge
from vip.registries import build_named, check_named

JUDGES: dict[str, str] = {
    "chat_server": "vip.judges.chat_server:ChatServer",
    "language_model": "vip.judges.language_model:LanguageModel",
    "lexicon": "vip.judges.lexicon:Lexicon",
}
"""Judge name -> "module:Class". The contract tests run over this list."""


def judge_named(name: str, options: Mapping[str, Any]) -> Judge:
    """The judge of that name, built with these options; UserError where either is unknown."""
    return cast("Judge", build_named("judge", JUDGES, name, options))


def check_judge(name: str, options: Mapping[str, Any]) -> None:
    """UserError where there is no judge of that name, or none with these options; builds nothing."""
    check_named("judge", JUDGES, name, options)
