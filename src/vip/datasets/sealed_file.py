"""What all datasets of one sealed file have in common."""

from pathlib import Path
from typing import TypeVar

from kedro.io import AbstractDataset

from vip.datasets.files import digest, is_intact, load_sealed

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class SealedFileDataset(AbstractDataset[Saved, Loaded]):
    """A dataset in one file, at `_path`, which a seal beside it vouches for."""

    _path: Path

    def fingerprint(self) -> str:
        """The hash of what the file holds; UserError where it is missing or damaged."""
        return digest(load_sealed(self._path))

    def _exists(self) -> bool:
        return is_intact(self._path)

    def _describe(self) -> dict[str, Path]:
        return {"filepath": self._path}
