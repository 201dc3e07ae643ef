"""The folder in which a training keeps its checkpoints, handed to the node that trains."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.datasets.files import local_path
from vip.datasets.inputs import InputDataset

if TYPE_CHECKING:
    from vip.training.checkpoints import CheckpointFolder
else:
    CheckpointFolder = Any


class CheckpointFolderDataset(InputDataset[CheckpointFolder]):
    """Where a training writes its checkpoints and finds its last good one.

    YAML:
        checkpoints:
          type: vip.datasets.CheckpointFolderDataset
          filepath: data/06_models/stage_1/checkpoints

    Python:
        >>> dataset = CheckpointFolderDataset(filepath="checkpoints")
        >>> type(dataset.load()).__name__
        'CheckpointFolder'
    """

    NATURE = "is written by the training itself"

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the folder's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> CheckpointFolder:
        """Hand out the folder; it need not exist yet."""
        from vip.training.checkpoints import CheckpointFolder

        return CheckpointFolder(self._path)

    def fingerprint(self) -> str:
        """Always the same: what lies in it changes how long a training takes, never what comes out."""
        return "checkpoints"

    def _exists(self) -> bool:
        return True

    def _describe(self) -> dict[str, Path]:
        return {"filepath": self._path}
