"""Everything that touches disk: Kedro datasets that write atomically and never use a damaged file."""

from vip.datasets.checkpoints import CheckpointFolderDataset
from vip.datasets.lazy_map import LazyMapDataset
from vip.datasets.models import ModelFolderDataset
from vip.datasets.optional import OptionalDataset
from vip.datasets.prompt_sources import PromptSourceDataset
from vip.datasets.tables import TableDataset
from vip.datasets.tensors import TensorsDataset
from vip.datasets.texts import JsonDataset, JsonFolderDataset, TextDataset
from vip.datasets.videos import VideoFolderDataset

__all__ = [
    "CheckpointFolderDataset",
    "JsonDataset",
    "JsonFolderDataset",
    "LazyMapDataset",
    "ModelFolderDataset",
    "OptionalDataset",
    "PromptSourceDataset",
    "TableDataset",
    "TensorsDataset",
    "TextDataset",
    "VideoFolderDataset",
]
