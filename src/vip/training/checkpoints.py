"""Checkpoints that survive anything: written whole or not at all, verified before use, nothing pickled.

    <path>/<run>/step_00000060/  weights.safetensors  optimizer.safetensors  ...  values.json  complete.json

`run` is a hash of everything the run depends on, so another run's checkpoints are never used, nor deleted.
`complete.json` holds the sha256 of every other file; the folder appears under its name by one rename, once
its content is on disk, and only then are older ones deleted.
"""

import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vip.disk import remove, sync
from vip.errors import UserError
from vip.faults import fault_point
from vip.training.checkpoint_files import Checkpoint, is_good, read_facts, read_files, write_files
from vip.training.settings_diff import differences

__all__ = ["Checkpoint", "CheckpointFolder"]

logger = logging.getLogger(__name__)

_NAME = re.compile(r"step_\d{8,18}")


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoints of any number of runs under one path; the last two good ones of each are kept.

    `settings` are all that the run was told: each checkpoint holds them, and one with others is refused.
    """

    path: Path
    settings: Mapping[str, Any] = field(default_factory=dict)

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint atomically and return its folder; what was left half written is swept away.

        A good one of the same run and step is the same, and stays.
        """
        fault_point("checkpoint.save.before")
        run_folder = self.path / checkpoint.run
        final = run_folder / f"step_{checkpoint.step:08d}"
        run_folder.mkdir(parents=True, exist_ok=True)
        for abandoned in run_folder.glob(".writing-*"):
            remove(abandoned)
        if not is_good(final):
            self._write(replace(checkpoint, settings=self.settings), final)
        fault_point("checkpoint.save.before_rotation")
        self._forget_old(checkpoint)
        fault_point("checkpoint.save.after")
        return final

    def latest(self, run: str) -> Checkpoint | None:
        """The newest checkpoint of a run whose files are all as they were written; None where there is none.

        A damaged one is named in a warning and passed over. UserError where it was made with other settings.
        """
        for folder in reversed(self._folders(run)):
            try:
                checkpoint = read_files(folder)
                if checkpoint.run != run:
                    raise ValueError(f"it is of run {checkpoint.run}")  # noqa: TRY301
            except (OSError, ValueError) as error:
                logger.warning(
                    "checkpoint %s is damaged or misplaced (%s); using the one before it", folder, error
                )
            else:
                self._refuse_other_settings(checkpoint, folder)
                return checkpoint
        return None

    def holds(self, run: str) -> bool:
        """Whether a checkpoint of this run is here, damaged or not."""
        return bool(self._folders(run))

    def last_good(self, run: str) -> str:
        """Where the newest good checkpoint of a run is, for a message."""
        return next((str(folder) for folder in reversed(self._folders(run)) if is_good(folder)), "none yet")

    def newest_of_others(self, run: str) -> Checkpoint | None:
        """What was last written here by another run, without its tensors; None where there is nothing."""
        others = [
            folder
            for run_folder in self.path.glob("*")
            if run_folder.name != run
            for folder in self._folders(run_folder.name)[-1:]
            if is_good(folder)
        ]
        newest = max(others, key=lambda folder: folder.stat().st_mtime_ns, default=None)
        return read_facts(newest) if newest else None

    def _write(self, checkpoint: Checkpoint, final: Path) -> None:
        draft = Path(tempfile.mkdtemp(prefix=".writing-", dir=final.parent))
        try:
            write_files(draft, checkpoint)
            fault_point("checkpoint.save.before_rename")
            remove(final)  # damaged, or it would have been kept
            draft.rename(final)
        except OSError as error:
            remove(draft)
            raise UserError(
                f"{final} cannot be written ({error.strerror}); make room, or mend what is named, and "
                f"run the same command again: it continues from the last good one "
                f"({self.last_good(checkpoint.run)})"
            ) from error
        except BaseException:
            remove(draft)
            raise
        sync(final.parent)

    def _refuse_other_settings(self, saved: Checkpoint, folder: Path) -> None:
        if self.settings and saved.settings and (found := differences(saved.settings, self.settings)):
            raise UserError(
                f"{folder} was made with other settings: {found}; put these back to continue, "
                f"or move {folder.parent} away to train afresh"
            )

    def _folders(self, run: str) -> list[Path]:
        found = (path for path in (self.path / run).glob("step_*") if _NAME.fullmatch(path.name))
        return sorted(found, key=_step_of)

    def _forget_old(self, newest: Checkpoint) -> None:
        """Keep the newest, which was just written, and the good one before it; the rest is old or damaged."""
        others = [folder for folder in self._folders(newest.run) if _step_of(folder) != newest.step]
        earlier = (folder for folder in reversed(others) if _step_of(folder) < newest.step)
        fallback = next((folder for folder in earlier if is_good(folder)), None)
        for folder in others:
            if folder != fallback:
                remove(folder)


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step_"))
