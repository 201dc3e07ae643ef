"""Model folders: written whole with an index of hashes, handed out verified, their weights not loaded."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from vip.datasets.files import StoredDataError, damage, local_path, sync_folder, temporary, write_atomically
from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.storage import SAFE_SUFFIXES
from vip.hashing import content_hash, file_hash

INDEX = "index.json"


class ModelFolderDataset(AbstractDataset[VideoFamily, ModelFolder]):
    """A diffusers folder. What we save carries `index.json`, against which every load checks every file.

    A folder without an index (downloaded, say) is taken as it is: its family follows from `model_index.json`,
    its fingerprint from its weights, settings and vocabularies.

    YAML:
        "stage_{n}.student":
          type: vip.datasets.ModelFolderDataset
          filepath: data/06_models/stage_{n}/student

    Python:
        >>> from pathlib import Path
        >>> Path("teacher").mkdir()
        >>> _ = Path("teacher/model_index.json").write_text('{"_class_name": "AnimateDiffPipeline"}')
        >>> ModelFolderDataset(filepath="teacher").load().family
        'animatediff'
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the folder's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> ModelFolder:
        """Verify the folder; UserError naming the file that is missing, damaged or altered."""
        _recover(self._path)
        if not self._path.is_dir():
            raise StoredDataError(f"{self._path} does not exist; run what makes this model, or put it there")
        return _verified(self._path) if (self._path / INDEX).is_file() else _as_it_is(self._path)

    def save(self, data: VideoFamily) -> None:
        """Write and index the model beside its place, move it there; killed earlier, the old one stays."""
        _recover(self._path)
        draft = temporary(self._path)
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            data.save(draft)
            _write_index(draft, data.name)
            _replace(self._path, draft)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise

    def _exists(self) -> bool:
        """Whether a model is there, all of its indexed files at their sizes."""
        _recover(self._path)
        if not (self._path / INDEX).is_file():
            return (self._path / "model_index.json").is_file()
        try:
            files = _read_index(self._path)["files"]
        except StoredDataError:
            return False
        return all(_size(self._path / name) == recorded["bytes"] for name, recorded in files.items())

    def _describe(self) -> dict[str, Path]:
        return {"filepath": self._path}


def fingerprint(hashes: dict[str, str]) -> str:
    """What a model is: the hash of its files' names and hashes."""
    return content_hash(sorted(hashes.items()))


def _verified(folder: Path) -> ModelFolder:
    index = _read_index(folder)
    for name, recorded in index["files"].items():
        path = folder / name
        if not path.is_file():
            raise StoredDataError(f"{path} is missing; {_remedy(folder)}")
        if (found := file_hash(path)) != recorded["sha256"]:
            line = damage(path, found, recorded["sha256"]).rpartition(";")[0]
            raise StoredDataError(f"{line}; {_remedy(folder)}")
    return ModelFolder(folder, index["family"], index["fingerprint"])


def _as_it_is(folder: Path) -> ModelFolder:
    """A folder that we did not write: its family and fingerprint as its files tell."""
    if not (folder / "model_index.json").is_file():
        raise StoredDataError(f"{folder} holds no model_index.json; put a diffusers model folder there")
    files = [path for path in _files(folder) if path.suffix in SAFE_SUFFIXES]
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in files}
    return ModelFolder(folder, _family_of(folder), fingerprint(hashes))


def _family_of(folder: Path) -> str:
    from vip.families.registry import family_of_folder

    try:
        return family_of_folder(folder).name
    except UserError as error:
        raise StoredDataError(f"{folder}: {error}") from None


def _write_index(folder: Path, family: str) -> None:
    files = {
        path.relative_to(folder).as_posix(): {"sha256": file_hash(path), "bytes": path.stat().st_size}
        for path in _files(folder)
    }
    hashes = {name: str(recorded["sha256"]) for name, recorded in files.items()}
    index: dict[str, Any] = {"family": family, "fingerprint": fingerprint(hashes), "files": files}
    index["seal"] = content_hash(index)
    write_atomically(folder / INDEX, f"{json.dumps(index, indent=2)}\n".encode())


def _read_index(folder: Path) -> dict[str, Any]:
    """The index, checked against the hash of itself that it holds."""
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_bytes())
        intact = index.pop("seal") == content_hash(index)
    except (ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        raise StoredDataError(f"{folder / INDEX} is damaged or was altered; {_remedy(folder)}")
    return index


def _files(folder: Path) -> list[Path]:
    """The model's files in a fixed order, without the index and without hidden ones (`.cache`, say)."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [
        folder / name for name in names if str(name) != INDEX and not any(p[0] == "." for p in name.parts)
    ]


def _replace(folder: Path, draft: Path) -> None:
    """Put the draft in the folder's place, once all of it is on disk."""
    for path in [*_files(draft), draft / INDEX]:
        with path.open("rb") as file:
            os.fsync(file.fileno())
    aside = _aside(folder)
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        folder.rename(aside)
    draft.rename(folder)
    sync_folder(folder.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _recover(folder: Path) -> None:
    """Undo a replacement that was killed between its two renames."""
    if _aside(folder).exists() and not folder.exists():
        _aside(folder).rename(folder)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _remedy(folder: Path) -> str:
    return f"delete {folder} and run again, or put the model back"
