"""A model that scores or judges: its files, and exactly which model they are."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vip.errors import UserError
from vip.families.sources import DATA_FILES, located
from vip.hashing import content_hash, file_hash


@dataclass(frozen=True)
class Snapshot:
    """A folder of model files, the model's name, its revision: the hub's commit, or a hash of the files."""

    folder: Path
    model: str
    revision: str

    def __str__(self) -> str:
        """How tables name it: `model@revision`."""
        return f"{self.model}@{self.revision}"


def snapshot_of(model: str, revision: str | None) -> Snapshot:
    """A local folder, or a name on the Hugging Face hub at a revision (None: the newest).

    UserError where there is no such model, and where a revision is asked of a local folder, which has one.
    """
    if Path(model).exists() and revision is not None:
        raise UserError(
            f"{model} is a folder here, which is no choice of revisions; leave revision {revision!r} out"
        )
    folder = located(model, revision)
    if not folder.is_dir():
        raise UserError(f"{model} is a file; give the folder that holds the model")
    if folder.parent.name == "snapshots":  # the hub's cache names a snapshot after its commit
        owner_and_name = folder.parents[1].name.removeprefix("models--").replace("--", "/")
        return Snapshot(folder, owner_and_name, folder.name)
    return Snapshot(folder, folder.resolve().name, _hash_of(folder))


def _hash_of(folder: Path) -> str:
    files = sorted({path for pattern in DATA_FILES for path in folder.glob(pattern)})
    if not files:
        raise UserError(f"{folder} holds no model (none of {', '.join(DATA_FILES)}); download it there first")
    return _hash_of_files(tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=32)
def _hash_of_files(files: tuple[tuple[Path, int, int], ...]) -> str:
    """Read once a process: rewards and judges are built often, and their weights may be many GB."""
    return "sha256:" + content_hash([[path.name, file_hash(path)] for path, _, _ in files])
