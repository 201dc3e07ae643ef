"""What a command has to log, kept on disk until MLflow has it: a tracker that fails loses nothing."""

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from vip.errors import UserError
from vip.hooks.measurements import Measurement

STRICT = ConfigDict(extra="forbid")
JOURNALS = ".tracking"
"""The folder of all journals, in the data folder."""
ENTRIES = "entries.jsonl"
Key: TypeAlias = int | str
"""What has a run: a stage, by its number, or an arm of a comparison with its seed, by its name."""


@checked_dataclass(frozen=True, config=STRICT)
class Open:
    """A stage, or an arm with its seed, begins."""

    stage: Key
    time: int
    """Milliseconds since 1970, as in all entries."""
    command: str
    parameters: dict[str, str]
    parent: str = ""
    """The run that it is a part of; empty where it stands alone."""
    continues: bool = False
    """Whether it goes on with the folder's run of that name and those parameters, if there is one."""
    kind: Literal["open"] = "open"


@checked_dataclass(frozen=True, config=STRICT)
class Log:
    """Numbers of a stage."""

    stage: Key
    time: int
    measurements: list[Measurement]
    kind: Literal["log"] = "log"


@checked_dataclass(frozen=True, config=STRICT)
class AddFiles:
    """Files that become artifacts of a stage, in a folder there."""

    stage: Key
    files: list[str]
    folder: str | None = None
    kind: Literal["files"] = "files"


@checked_dataclass(frozen=True, config=STRICT)
class End:
    """A stage ends."""

    stage: Key
    time: int
    status: Literal["FINISHED", "FAILED", "KILLED"]
    kind: Literal["end"] = "end"


Entry: TypeAlias = Open | Log | AddFiles | End
_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


@dataclass(frozen=True)
class Journal:
    """The entries of one command, in their order, in a folder of its own."""

    path: Path

    @classmethod
    def begin(cls, folder: Path) -> "Journal":
        """A new journal in a data folder."""
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{os.getpid()}"
        path = folder / JOURNALS / name
        path.mkdir(parents=True)
        return cls(path)

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return self.path.name

    def write(self, entry: Entry) -> None:
        """Add an entry."""
        with (self.path / ENTRIES).open("ab") as file:
            file.write(_ENTRY.dump_json(entry) + b"\n")

    def keep(self, name: str, text: str) -> Path:
        """Keep a text that another run may write over, to be added as a file."""
        path = self.path / name
        path.write_text(text, encoding="utf-8")
        return path

    def entries(self) -> list[Entry]:
        """All entries, and the end of each stage that was killed; UserError where the journal is damaged."""
        entries: list[Entry] = []
        path = self.path / ENTRIES
        lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
        for number, line in enumerate(lines[:-1], start=1):  # what follows the last newline was cut off
            try:
                entries.append(_ENTRY.validate_json(line))
            except ValidationError:
                raise UserError(
                    f"line {number} of {path} is damaged; correct it, or delete {self.path} and lose what "
                    "MLflow missed of that run"
                ) from None
        return [*entries, *_ends_of_the_killed(entries)]

    def discard(self) -> None:
        """Delete it: MLflow has it all."""
        shutil.rmtree(self.path, ignore_errors=True)


def journals_in(folder: Path) -> list[Journal]:
    """What past runs in a data folder left, oldest first."""
    return [Journal(path) for path in sorted((folder / JOURNALS).glob("*")) if path.is_dir()]


def _ends_of_the_killed(entries: Iterable[Entry]) -> list[End]:
    times: dict[Key, int] = {}
    for entry in entries:
        if isinstance(entry, End):
            times.pop(entry.stage, None)
        elif not isinstance(entry, AddFiles):
            times[entry.stage] = entry.time
    return [End(stage, time, "KILLED") for stage, time in times.items()]
