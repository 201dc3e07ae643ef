"""Checkpoints that survive anything: written whole or not at all, verified before use, nothing pickled.

    <path>/<run>/step_00000060/  weights.safetensors  optimizer.safetensors  ...  values.json  complete.json

`run` is a hash of everything the run depends on, so another run's checkpoints are never used, nor deleted.
`complete.json` holds the sha256 of every other file; the folder appears under its name by one rename.
"""

import json
import logging
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.hashing import file_hash

if TYPE_CHECKING:
    from torch import Tensor

logger = logging.getLogger(__name__)

_KEPT = 2
_MARKER = "complete.json"
_VALUES = "values.json"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `step` optimizer steps: groups of named tensors, and JSON values."""

    run: str
    step: int
    tensors: "Mapping[str, Mapping[str, Tensor]]"
    values: Mapping[str, Any]


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoints of any number of runs under one path; the last two of each are kept."""

    path: Path

    def save(self, checkpoint: Checkpoint) -> Path:
        """Write a checkpoint atomically and return its folder; what was left half written is swept away."""
        run_folder = self.path / checkpoint.run
        run_folder.mkdir(parents=True, exist_ok=True)
        for abandoned in run_folder.glob(".writing-*"):
            shutil.rmtree(abandoned)
        temporary = Path(tempfile.mkdtemp(prefix=".writing-", dir=run_folder))
        _write(temporary, checkpoint)
        final = run_folder / f"step_{checkpoint.step:08d}"
        if final.exists():
            shutil.rmtree(final)
        temporary.rename(final)
        self._forget_old(checkpoint)
        return final

    def latest(self, run: str) -> Checkpoint | None:
        """The newest checkpoint of a run whose files are all as they were written; None where there is none.

        A damaged one is named in a warning and passed over.
        """
        for folder in reversed(self._folders(run)):
            try:
                return _read(folder, run)
            except (OSError, ValueError) as error:
                logger.warning(
                    "checkpoint %s is damaged or misplaced (%s); using the one before it", folder, error
                )
        return None

    def last_good(self, run: str) -> str:
        """Where the newest checkpoint of a run is whose files are all as they were written, for a message."""
        for folder in reversed(self._folders(run)):
            try:
                _read(folder, run)
            except (OSError, ValueError):
                continue
            return str(folder)
        return "none yet"

    def _folders(self, run: str) -> list[Path]:
        return sorted((self.path / run).glob("step_*"))

    def _forget_old(self, newest: Checkpoint) -> None:
        """Keep the newest two; one with more steps than the newest is a damaged one that was passed over."""
        folders = self._folders(newest.run)
        position = next(i for i, folder in enumerate(folders) if _step_of(folder) == newest.step)
        for folder in folders[: max(0, position + 1 - _KEPT)] + folders[position + 1 :]:
            shutil.rmtree(folder)


def _step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step_"))


def _write(folder: Path, checkpoint: Checkpoint) -> None:
    from safetensors.torch import save_file

    for group, tensors in checkpoint.tensors.items():
        contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        save_file(contiguous, folder / f"{group}.safetensors")
    values = {"run": checkpoint.run, "step": checkpoint.step, "values": dict(checkpoint.values)}
    (folder / _VALUES).write_text(json.dumps(values), encoding="utf-8")
    hashes = {file.name: file_hash(file) for file in sorted(folder.iterdir())}
    (folder / _MARKER).write_text(json.dumps(hashes), encoding="utf-8")


def _read(folder: Path, run: str) -> Checkpoint:
    """Read a checkpoint; ValueError or OSError where a file is missing or not as it was written."""
    from safetensors.torch import load_file

    hashes = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    if not isinstance(hashes, dict) or _VALUES not in hashes:
        raise ValueError(f"{_MARKER} does not list {_VALUES}")
    for name, expected in hashes.items():
        if file_hash(folder / name) != expected:
            raise ValueError(f"{name} is not as it was written")
    saved = json.loads((folder / _VALUES).read_text(encoding="utf-8"))
    if saved["run"] != run:
        raise ValueError(f"it is of run {saved['run']}")
    groups = [name for name in hashes if name.endswith(".safetensors")]
    tensors = {Path(name).stem: load_file(folder / name) for name in groups}
    return Checkpoint(saved["run"], saved["step"], tensors, saved["values"])
