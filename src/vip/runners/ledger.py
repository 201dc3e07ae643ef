"""Which artifacts are what their recipes would make, and which are stale."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kedro.io.core import is_parameter

from vip.datasets.provenance import Provenance, ProvenanceFolder, Recipe
from vip.errors import UserError
from vip.hashing import content_hash, package_hash

if TYPE_CHECKING:
    from kedro.pipeline.node import Node


class Ledger:
    """Compares the artifacts of a catalog with how they were made; each is hashed once, until it is saved.

    An artifact is current where its node, this package's code and the content of all inputs are what they
    were when it was made, and it is still what came out. An input made anew to the same bytes is the same.
    """

    def __init__(self, catalog: Any, records: ProvenanceFolder) -> None:
        self._catalog = catalog
        self._records = records
        self._fingerprints: dict[str, str] = {}

    def is_current(self, node: "Node") -> bool:
        """Whether making the node's outputs again would change nothing."""
        return all(not self.complaint(node, output) for output in node.outputs)

    def complaint(self, node: "Node", output: str) -> str:
        """Why an output is not current, as a phrase; empty where it is."""
        made = self._records.read(output)
        if made is None:
            return "how it was made is not known"
        if self._found(output) != made.fingerprint:
            return "it is not what the run wrote"
        if lost := [name for name in node.inputs if not self._found(name)]:
            return f"{', '.join(lost)} missing or damaged"
        changed = list(_changes(made.recipe, self._recipe(node)))
        return f"{', '.join(changed)} changed" if changed else ""

    def note(self, node: "Node") -> None:
        """Record how the outputs, just saved, were made; what is kept in memory only leaves no record."""
        for output in node.outputs:
            self._fingerprints.pop(output, None)
        if all(map(self.is_kept, node.inputs)):
            recipe = self._recipe(node)
            for output in filter(self.is_kept, node.outputs):
                self._records.write(output, Provenance(recipe, self.fingerprint(output)))

    def fingerprint(self, dataset: str) -> str:
        """The hash of what a dataset or parameter holds; UserError where it is missing or damaged."""
        if dataset not in self._fingerprints:
            self._fingerprints[dataset] = self._fingerprint(dataset)
        return self._fingerprints[dataset]

    def _found(self, dataset: str) -> str:
        """The fingerprint; empty where the dataset is missing or damaged."""
        try:
            return self.fingerprint(dataset)
        except UserError:
            return ""

    def _recipe(self, node: "Node") -> Recipe:
        return Recipe(node.name, package_hash(), {name: self.fingerprint(name) for name in node.inputs})

    def _fingerprint(self, dataset: str) -> str:
        if is_parameter(dataset):
            from pydantic_core import to_jsonable_python

            return content_hash(to_jsonable_python(self._catalog.load(dataset)))
        if not self.is_kept(dataset):
            raise UserError(f"{dataset} is kept in memory only")
        kept: Any = self._catalog.get(dataset)
        return str(kept.fingerprint())

    def is_kept(self, dataset: str) -> bool:
        """Whether it is a parameter, or outlives the run on disk."""
        return is_parameter(dataset) or hasattr(self._catalog.get(dataset), "fingerprint")


def _changes(then: Recipe, now: Recipe) -> Iterator[str]:
    if then.node != now.node:
        yield f"the node (then {then.node})"
    if then.code != now.code:
        yield "the code"
    for name in sorted({*then.inputs, *now.inputs}):
        if then.inputs.get(name) != now.inputs.get(name):
            yield name
