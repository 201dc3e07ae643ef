"""What a pipeline reads and never writes."""

from pathlib import Path
from typing import ClassVar, Generic, Never, TypeVar

from kedro.io import AbstractDataset, DatasetError

Loaded = TypeVar("Loaded")


class InputDataset(AbstractDataset[Never, Loaded], Generic[Loaded]):
    """A dataset that is no node's output: what is there is from elsewhere, and is not written over."""

    NATURE: ClassVar[str]
    """What it is, behind its path and before the remedy."""
    _path: Path

    def save(self, data: Never) -> None:
        """Refuse."""
        del data
        raise DatasetError(f"{self._path} {self.NATURE}; make it an input, not an output")
