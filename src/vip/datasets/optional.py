"""What a run uses where there is any, and does without where there is none."""

from collections.abc import Mapping
from typing import Any

from kedro.io import AbstractDataset


class OptionalDataset(AbstractDataset[Any, Any]):
    """Another dataset that need not be there: loading what is missing gives None, and a run begins anyway.

    What is there but damaged is refused as the other dataset refuses it.

    YAML:
        vbench_full_scores:
          type: vip.datasets.OptionalDataset
          dataset:
            type: vip.datasets.TableDataset
            filepath: data/08_reporting/vbench/full_scores.csv

    Python:
        >>> table = {"type": "vip.datasets.TableDataset", "filepath": "scores.csv"}
        >>> OptionalDataset(table).load() is None
        True
    """

    optional = True
    """What the check of a run's inputs looks at (`vip.hooks.guard`)."""

    def __init__(self, dataset: Mapping[str, Any], metadata: dict[str, Any] | None = None) -> None:
        """Take the configuration of the other dataset."""
        self._dataset: AbstractDataset[Any, Any] = AbstractDataset.from_config("optional", dict(dataset))
        self.metadata = metadata
        if hasattr(self._dataset, "preview"):
            self.preview = self._dataset.preview

    def load(self) -> Any:
        """What the other dataset holds, or None where nothing of it exists."""
        return self._dataset.load() if self._is_there() else None

    def save(self, data: Any) -> None:
        """Save into the other dataset."""
        self._dataset.save(data)

    def _exists(self) -> bool:
        return self._dataset.exists()

    def _is_there(self) -> bool:
        path = getattr(self._dataset, "_path", None)
        return self._dataset.exists() if path is None else path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"dataset": self._dataset}
