"""What language models are asked about a prompt: a YAML file, one question a property."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vip.errors import UserError
from vip.types import PROPERTIES

DEFAULT = Path(__file__).with_name("questions.yml")
"""The questions of this project."""
PARTS = ("system", "message", "questions")


@dataclass(frozen=True)
class Questions:
    """What the model is told first, how a question is put, and the question of each property."""

    system: str
    message: str
    questions: Mapping[str, str]

    def chat(self, prompt: str, name: str) -> list[dict[str, str]]:
        """The messages that ask whether a prompt describes that property; a blank `system` is left out."""
        asked = self.message.replace("{question}", self.questions[name]).replace("{prompt}", prompt)
        told = [{"role": "system", "content": self.system}] if self.system.strip() else []
        return [*told, {"role": "user", "content": asked}]


def read_questions(path: str | Path = "") -> Questions:
    """The questions of a YAML file, of this project's own where none is named; UserError for gaps in it."""
    import yaml

    file = Path(path) if path else DEFAULT
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"questions {file} cannot be read ({error.strerror}); copy {DEFAULT} there") from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(
            f"questions {file} is not YAML ({' '.join(str(error).split())}); correct it"
        ) from None
    _check(content, file)
    ordered = {name: content["questions"][name] for name in PROPERTIES}
    return Questions(content["system"], content["message"], ordered)


def _check(content: object, file: Path) -> None:
    found = set(content) if isinstance(content, dict) else set()
    if not isinstance(content, dict) or found != set(PARTS):
        raise UserError(f"questions {file} holds {_listed(found)}; it must hold {_listed(PARTS)}")
    asked = content["questions"]
    if not isinstance(asked, dict) or set(asked) != set(PROPERTIES):
        names = set(asked) if isinstance(asked, dict) else set()
        raise UserError(
            f"questions {file} asks about {_listed(names)}; it must ask about {_listed(PROPERTIES)}"
        )
    texts = {"system": content["system"], "message": content["message"], **asked}
    if wrong := [name for name, text in texts.items() if not isinstance(text, str)]:
        raise UserError(f"questions {file}: {wrong[0]} is {texts[wrong[0]]!r}, not text; put it in quotes")
    if lacking := [slot for slot in ("{question}", "{prompt}") if slot not in content["message"]]:
        raise UserError(f"questions {file}: message has no {lacking[0]}; say where it goes")


def _listed(names: "set[str] | tuple[str, ...]") -> str:
    return ", ".join(map(str, names if isinstance(names, tuple) else sorted(map(str, names)))) or "nothing"
