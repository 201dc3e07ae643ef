"""A flat folder of videos under given names, for programs that find them by name."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from vip.datasets import video
from vip.datasets.files import StoredDataError, local_path
from vip.datasets.folders import is_whole, recover, save_folder, verified_index
from vip.faults import fault_point
from vip.types import Clip, Items
from vip.vbench.videos import VideoFolder

VIDEOS = "videos"
"""They lie apart from the index: VBench takes a folder's first file for the pattern of the others."""


class VideoFolderDataset(AbstractDataset[Items[Clip], VideoFolder]):
    """Clips as lossless mp4 in `<filepath>/videos`, each under its key as file name, all there or none.

    Whoever makes the keys answers for their being file names (see `vip.vbench.prompts`). The frame rate is
    written into each video; VBench's dynamic degree depends on it.

    YAML:
        "vbench_{which}_videos":
          type: vip.datasets.VideoFolderDataset
          filepath: data/07_model_output/vbench/{which}
          frames_per_second: 8

    Python:
        >>> import numpy as np, pandas as pd, torch
        >>> clip = Clip(torch.zeros(1), np.zeros((8, 16, 16, 3), np.uint8))
        >>> dataset = VideoFolderDataset(filepath="clips")
        >>> dataset.save(Items(pd.DataFrame({"key": ["a dog-0.mp4"]}), lambda key: clip))
        >>> sorted(path.name for path in dataset.load().path.iterdir())
        ['a dog-0.mp4']
    """

    def __init__(
        self, filepath: str, frames_per_second: int = 8, metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the folder's path, and the rate at which the videos play."""
        self._path = local_path(filepath)
        self._frames_per_second = frames_per_second
        self.metadata = metadata

    def load(self) -> VideoFolder:
        """Verify every video; UserError naming the one that is missing, damaged or altered."""
        recover(self._path)
        if not self._path.is_dir():
            raise StoredDataError(f"{self._path} does not exist; run what makes these videos")
        index = verified_index(self._path)
        hashes = {Path(name).name: recorded["sha256"] for name, recorded in index["files"].items()}
        return VideoFolder(self._path / VIDEOS, hashes)

    def fingerprint(self) -> str:
        """The hash of all videos; UserError naming the one that is missing, damaged or altered."""
        recover(self._path)
        return str(verified_index(self._path)["fingerprint"])

    def save(self, data: Items[Clip]) -> None:
        """Write and index the videos beside their place, move them there; killed earlier, the old stay."""
        save_folder(self._path, lambda draft: self._write(data, draft / VIDEOS), self._facts())

    def _write(self, data: Items[Clip], folder: Path) -> None:
        folder.mkdir()
        for name in data:
            (folder / name).write_bytes(video.encode_lossless(data[name].frames, self._frames_per_second))
            fault_point("videos.write.inside")

    def _facts(self) -> dict[str, int]:
        return {"frames_per_second": self._frames_per_second}

    def _exists(self) -> bool:
        recover(self._path)
        return is_whole(self._path)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path, **self._facts()}
