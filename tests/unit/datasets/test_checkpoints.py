"""The checkpoint folder is handed out and never saved over."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from vip.datasets import CheckpointFolderDataset


def test_the_folder_is_handed_out_and_nothing_is_written(tmp_path: Path) -> None:
    dataset = CheckpointFolderDataset(filepath=str(tmp_path / "checkpoints"))
    assert dataset.exists()
    assert dataset.load().path == tmp_path / "checkpoints"
    assert list(tmp_path.iterdir()) == []


def test_saving_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="written by the training itself"):
        CheckpointFolderDataset(filepath=str(tmp_path)).save("anything")
