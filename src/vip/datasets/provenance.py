"""What each artifact was made by and of: one small file a dataset, in a folder of its own."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from vip.datasets.files import write_atomically


@dataclass(frozen=True)
class Recipe:
    """What decides an artifact: the node that makes it, the code, and what it is made of, as hashes."""

    node: str
    code: str
    inputs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Provenance:
    """A recipe, and the fingerprint of what came out of it."""

    recipe: Recipe
    fingerprint: str


@dataclass(frozen=True)
class ProvenanceFolder:
    """The provenance of all artifacts of a data folder, each in `<dataset>.json`."""

    path: Path

    def read(self, dataset: str) -> Provenance | None:
        """How a dataset was made; None where it is not known, or the file that tells it is damaged."""
        try:
            stored = json.loads(self._file(dataset).read_bytes())
            return Provenance(Recipe(**stored["recipe"]), stored["fingerprint"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, dataset: str, provenance: Provenance) -> None:
        """Note how a dataset was made."""
        write_atomically(self._file(dataset), f"{json.dumps(asdict(provenance), indent=2)}\n".encode())

    def _file(self, dataset: str) -> Path:
        return self.path / f"{dataset}.json"
