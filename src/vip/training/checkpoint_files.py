"""The files of one checkpoint: safetensors, JSON, and a marker with the sha256 of each, written last."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.disk import sync
from vip.errors import UserError
from vip.faults import fault_point
from vip.hashing import file_hash
from vip.tensors import load_tensors, not_finite, save_tensors

if TYPE_CHECKING:
    from torch import Tensor

MARKER = "complete.json"
VALUES = "values.json"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run after `step` optimizer steps: groups of named tensors, and JSON values.

    `settings` are all that the run was told, and `last` is the step with which it ends, as far as known.
    """

    run: str
    step: int
    tensors: "Mapping[str, Mapping[str, Tensor]]"
    values: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    last: int | None = None


def write_files(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint into an empty folder and wait until it is on disk; UserError for NaN or infinity."""
    for group, tensors in checkpoint.tensors.items():
        contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        if name := not_finite(contiguous):
            raise UserError(
                f"step {checkpoint.step}: {group} {name} is not finite, no checkpoint was written; "
                "lower learning_rate"
            )
        save_tensors(folder / f"{group}.safetensors", contiguous)
        fault_point("checkpoint.save.inside")
    (folder / VALUES).write_text(json.dumps(_values(checkpoint)), encoding="utf-8")
    hashes = {file.name: file_hash(file) for file in sorted(folder.iterdir())}
    fault_point("checkpoint.save.before_marker")
    (folder / MARKER).write_text(json.dumps(hashes), encoding="utf-8")
    for path in (*folder.iterdir(), folder):
        sync(path)


def read_files(folder: Path) -> Checkpoint:
    """Read a checkpoint; ValueError or OSError where a file is missing or not as it was written."""
    hashes = _verified(folder)
    groups = [name for name in hashes if name.endswith(".safetensors")]
    tensors = {Path(name).stem: load_tensors(folder / name) for name in groups}
    for group, named in tensors.items():
        if name := not_finite(named):
            raise ValueError(f"{group} {name} is not finite")
    return _read_values(folder, tensors)


def read_facts(folder: Path) -> Checkpoint:
    """A checkpoint without its tensors; ValueError or OSError as in `read_files`."""
    _verified(folder)
    return _read_values(folder, {})


def is_good(folder: Path) -> bool:
    """Whether all files are there as they were written."""
    try:
        _verified(folder)
    except (OSError, ValueError):
        return False
    return True


def _values(checkpoint: Checkpoint) -> dict[str, Any]:
    names = ("run", "step", "values", "settings", "last")
    return {name: getattr(checkpoint, name) for name in names}


def _read_values(folder: Path, tensors: "Mapping[str, Mapping[str, Tensor]]") -> Checkpoint:
    saved = json.loads((folder / VALUES).read_text(encoding="utf-8"))
    try:
        return Checkpoint(
            saved["run"],
            saved["step"],
            tensors,
            saved["values"],
            saved.get("settings", {}),
            saved.get("last"),
        )
    except (KeyError, TypeError, AttributeError):
        raise ValueError(f"{VALUES} does not say what it should") from None


def _verified(folder: Path) -> dict[str, str]:
    """The hash of each file, all checked; a name that leads out of the folder is refused."""
    hashes = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    if not isinstance(hashes, dict) or VALUES not in hashes:
        raise ValueError(f"{MARKER} does not list {VALUES}")
    for name, expected in hashes.items():
        if Path(name).name != name:
            raise ValueError(f"{MARKER} lists {name}, which is not a file's name")
        if file_hash(folder / name) != expected:
            raise ValueError(f"{name} is not as it was written")
    return hashes
