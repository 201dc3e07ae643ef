"""Batches for the student: clips, draws, prompt embeddings and reference predictions, put together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.training.batches import PairClips, noisy_pairs, stacked, twice
from vip.training.draws import Step, draw
from vip.training.objective import TrainingBatch
from vip.training.reference import reference_key

if TYPE_CHECKING:
    from vip.families.base import VideoFamily
    from vip.training.pairs import PreferencePair
    from vip.training.reference import Prediction
    from vip.training.settings import ReDPOTraining
    from vip.types import Conditioning, Items


def reference_keys(
    references: "Items[Prediction]",
    pairs: "Sequence[PreferencePair]",
    settings: "ReDPOTraining",
    fingerprint: str,
) -> dict[tuple[int, str], str]:
    """The key of each (epoch, pair_id)'s prediction by the reference of this fingerprint.

    UserError where the predictions are of another run.
    """
    present = set(references)
    keys = {
        (epoch, pair.pair_id): reference_key(fingerprint, pair, epoch, settings)
        for epoch in range(settings.epochs)
        for pair in pairs
    }
    absent = sum(key not in present for key in keys.values())
    if absent:
        raise UserError(
            f"{absent} of the {len(keys)} reference predictions that this training needs are not among the "
            f"{len(present)} stored: pairs or settings have changed; run the node reference_predictions again"
        )
    return keys


def embeddings(family: "VideoFamily", prompts: Sequence[str], batch_size: int) -> "dict[str, Conditioning]":
    """Each prompt's conditioning, on the CPU, without its first dimension."""
    import torch

    found: dict[str, Conditioning] = {}
    for start in range(0, len(prompts), batch_size):
        chunk = prompts[start : start + batch_size]
        with torch.no_grad():
            encoded = {name: tensor.cpu() for name, tensor in family.encode(chunk).items()}
        for i, prompt in enumerate(chunk):
            found[prompt] = {name: tensor[i] for name, tensor in encoded.items()}
    return found


@dataclass(frozen=True)
class Feed:
    """Makes the training batch of a step; of `processes` processes, each gets every so-manieth pair."""

    family: "VideoFamily"
    pairs: "Sequence[PreferencePair]"
    clips: PairClips
    references: "Items[Prediction]"
    keys: Mapping[tuple[int, str], str]
    settings: "ReDPOTraining"
    device: str
    process: int = 0
    processes: int = 1

    @cached_property
    def embeddings(self) -> "dict[str, Conditioning]":
        """Each different prompt's conditioning, computed once a run."""
        prompts = list(dict.fromkeys(pair.prompt for pair in self.pairs))
        return embeddings(self.family, prompts, self.settings.batch_size)

    def batches(self, step: Step) -> list[TrainingBatch]:
        """This process's part of a step in micro-batches, of which every process gets equally many.

        What a micro-batch holds does not depend on the number of processes, where its size is set. Where
        there is none left for a process, it gets one that counts for nothing.
        """
        parts = self._parts(step)
        return [self._batch(step, part or step.positions[:1], len(part)) for part in parts[self.process]]

    def _parts(self, step: Step) -> list[list[tuple[int, ...]]]:
        """For every process, the positions of each of its micro-batches."""
        size = self.settings.micro_batch_size or math.ceil(len(step.positions) / self.processes)
        micro = [step.positions[start : start + size] for start in range(0, len(step.positions), size)]
        micro += [()] * (-len(micro) % self.processes)
        return [micro[process :: self.processes] for process in range(self.processes)]

    def _batch(self, step: Step, positions: Sequence[int], counting: int) -> TrainingBatch:
        import torch

        pairs = [self.pairs[position] for position in positions]
        draws = [draw(self.family, pair.pair_id, step.epoch, self.settings) for pair in pairs]
        predicted = [self.references[self.keys[step.epoch, pair.pair_id]] for pair in pairs]
        reference = [one["winner"] for one in predicted] + [one["loser"] for one in predicted]
        conditioning = twice(stacked([self.embeddings[pair.prompt] for pair in pairs]))
        return TrainingBatch(
            samples=noisy_pairs(self.family, self.clips.latents(pairs), draws, self.device),
            conditioning={name: tensor.to(self.device) for name, tensor in conditioning.items()},
            reference=torch.stack(reference).to(self.device),
            share=counting * self.processes / len(step.positions),
        )

    def which(self, step: Step, marked: Sequence[bool], accelerator: Any) -> list[str]:
        """The ids of a step's pairs that are marked, of all processes; of all its pairs where none is.

        `marked` are the pairs of this process's own batches, one after the other; every process has to ask
        at the same time.
        """
        import torch

        own = [position for part in self._parts(step)[self.process] for position in part]
        broken = {position for position, mark in zip(own, marked, strict=False) if mark}
        flags = torch.tensor([float(position in broken) for position in step.positions], device=self.device)
        found = accelerator.reduce(flags, "sum").tolist()
        positions = [position for position, flag in zip(step.positions, found, strict=True) if flag]
        return [self.pairs[position].pair_id for position in positions or step.positions]
