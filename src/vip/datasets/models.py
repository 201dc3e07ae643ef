"""Model folders: written whole with an index of hashes, handed out verified, their weights not loaded."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from vip.datasets.files import StoredDataError, local_path
from vip.datasets.folders import INDEX, files_of, fingerprint, is_whole, recover, save_folder, verified_index
from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.storage import SAFE_SUFFIXES
from vip.hashing import file_hash


class ModelFolderDataset(AbstractDataset[VideoFamily, ModelFolder]):
    """A diffusers folder. What we save carries `index.json`, against which every load checks every file.

    A folder without an index (downloaded, say) is taken as it is: its family follows from `model_index.json`,
    its fingerprint from its weights, settings and vocabularies. `source` says which model it is (a name on
    the hub, say), for the pruning records of its students; without it that is the folder's name.

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

    def __init__(self, filepath: str, source: str = "", metadata: dict[str, Any] | None = None) -> None:
        """Take the folder's path, and what stands there."""
        self._path = local_path(filepath)
        self._source = source or self._path.name
        self.metadata = metadata

    def load(self) -> ModelFolder:
        """Verify the folder; UserError naming the file that is missing, damaged or altered."""
        recover(self._path)
        if not self._path.is_dir():
            raise StoredDataError(f"{self._path} does not exist; run what makes this model, or put it there")
        if not _has_index(self._path):
            return replace(_as_it_is(self._path), source=self._source)
        index = verified_index(self._path)
        return ModelFolder(self._path, index["family"], index["fingerprint"], self._source)

    def fingerprint(self) -> str:
        """The hash of all files; UserError naming the one that is missing, damaged or altered."""
        return self.load().fingerprint

    def save(self, data: VideoFamily) -> None:
        """Write and index the model beside its place, move it there; killed earlier, the old one stays."""
        save_folder(self._path, data.save, {"family": data.name})

    def _exists(self) -> bool:
        """Whether a model is there, all of its indexed files at their sizes."""
        recover(self._path)
        if not _has_index(self._path):
            return (self._path / "model_index.json").is_file()
        return is_whole(self._path)

    def _describe(self) -> dict[str, Path]:
        return {"filepath": self._path}


def _has_index(folder: Path) -> bool:
    """Whether the folder was written by us, be its index readable or not."""
    return (folder / INDEX).exists() or (folder / INDEX).is_symlink()


def _as_it_is(folder: Path) -> ModelFolder:
    """A folder that we did not write: its family and fingerprint as its files tell."""
    if not (folder / "model_index.json").is_file():
        raise StoredDataError(f"{folder} holds no model_index.json; put a diffusers model folder there")
    files = [path for path in files_of(folder) if path.suffix in SAFE_SUFFIXES]
    hashes = {path.relative_to(folder).as_posix(): file_hash(path) for path in files}
    return ModelFolder(folder, _family_of(folder), fingerprint(hashes))


def _family_of(folder: Path) -> str:
    from vip.families.registry import family_of_folder

    try:
        return family_of_folder(folder).name
    except UserError as error:
        raise StoredDataError(f"{folder}: {error}") from None
