"""Stacks of transformer blocks: which are present, under which lasting names, and how one is taken out.

A unit is named after its place in the *unpruned* model (`blocks.5`), for good; its `paths` say where it
stands now, since deleting a block moves up those behind it. Which places are
taken follows from the pruning record: those that it does not list, in order.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.storage import count_parameters
from vip.pruning.record import RECORD_FILE
from vip.types import Unit

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class StackSpec:
    """Block lists of a transformer that are called in step, so that their blocks come and go together.

    `setting` is the entry of the transformer's configuration that counts them; `last_stays` says why the last
    block cannot go, and is empty where it can.
    """

    lists: tuple[str, ...]
    setting: str
    last_stays: str = ""


@dataclass
class BlockStack:
    """One stack of an opened transformer.

    `prefix` leads from the denoiser to its transformer ("" where they are one), `places` are the original
    numbers of the blocks still present.
    """

    transformer: Any
    prefix: str
    spec: StackSpec
    places: list[int]

    @property
    def name(self) -> str:
        """What the names of its units begin with: the path of its first list inside the denoiser."""
        return self.prefix + self.spec.lists[0]

    def units(self) -> tuple[Unit, ...]:
        """A unit a place, in network order."""
        last = len(self.places) - 1
        return tuple(
            self._unit(place, position, self.spec.last_stays if position == last else "")
            for position, place in enumerate(self.places)
        )

    def remove(self, names: Collection[str]) -> None:
        """Delete the blocks of these units and correct the transformer's configuration."""
        gone = [i for i, place in enumerate(self.places) if f"{self.name}.{place}" in names]
        for position in reversed(gone):
            for blocks in self.spec.lists:
                del self.transformer.get_submodule(blocks)[position]
            del self.places[position]
        self.transformer.register_to_config(**{self.spec.setting: len(self.places)})

    def _unit(self, place: int, position: int, reason: str) -> Unit:
        blocks = [self.transformer.get_submodule(f"{name}.{position}") for name in self.spec.lists]
        return Unit(
            name=f"{self.name}.{place}",
            paths=tuple(f"{self.prefix}{name}.{position}" for name in self.spec.lists),
            parameters=sum(map(count_parameters, blocks)),
            removable=not reason,
            reason=reason,
        )


def open_stacks(
    folder: Path, transformers: "dict[str, nn.Module]", specs: Iterable[StackSpec], removed: Collection[str]
) -> list[BlockStack]:
    """The stacks of all transformers (by prefix), as the record's removed units leave them.

    UserError where the record names what the stored blocks and the removed ones together do not hold.
    """
    specs = tuple(specs)
    stacks = [
        BlockStack(transformer, prefix, spec, [])
        for prefix, transformer in transformers.items()
        for spec in specs
    ]
    unknown = set(removed)
    for stack in stacks:
        stored = len(stack.transformer.get_submodule(stack.spec.lists[0]))
        gone = {name for name in removed if name.rpartition(".")[0] == stack.name}
        every = {f"{stack.name}.{place}": place for place in range(stored + len(gone))}
        stack.places = [place for name, place in every.items() if name not in gone]
        unknown -= set(every)
    if unknown or len(set(removed)) != len(removed):
        twice = sorted({name for name in removed if list(removed).count(name) > 1})
        raise UserError(
            f"{folder}: {RECORD_FILE} lists {', '.join(sorted(unknown) or twice)} as removed"
            f"{'' if unknown else ' twice'}, but the weights hold {', '.join(map(_stored, stacks))}; "
            "restore the folder from its source"
        )
    return stacks


def _stored(stack: BlockStack) -> str:
    return f"{len(stack.transformer.get_submodule(stack.spec.lists[0]))} {stack.name}"
