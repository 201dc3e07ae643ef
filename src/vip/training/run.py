"""The optimizer's loop: it may be stopped after any step and continued without changing a bit."""

import logging
import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.bars import bar
from vip.errors import UserError
from vip.faults import fault_point
from vip.losses.methods import METHODS, Terms, Weights
from vip.training.checkpoints import Checkpoint, CheckpointFolder
from vip.training.curve import Row, mean_quantities
from vip.training.draws import Step
from vip.training.features import FeatureTeacher
from vip.training.feeding import Feed
from vip.training.interruption import held_by_any, uninterrupted
from vip.training.objective import TrainingBatch, terms
from vip.training.optimisation import Optimisation
from vip.training.sums import Sums

if TYPE_CHECKING:
    from torch import nn

    from vip.training.settings import ReDPOTraining

logger = logging.getLogger(__name__)

_WEIGHING_STEPS = 5
"""Steps whose gradients `sft_weight: auto` compares."""


@dataclass
class Run:
    """A training run: what it has done so far, and how to do the rest."""

    name: str
    feed: Feed
    settings: "ReDPOTraining"
    accelerator: Any
    checkpoints: CheckpointFolder
    teacher: FeatureTeacher | None = None
    done: int = 0
    sft_weight: float | None = None
    curve: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take the model in hand: freeze what stays, make an optimizer for the rest."""
        self.optimisation = Optimisation(self.feed.family, self.settings, self.accelerator)
        self._saved = 0

    def finish(self, steps: Sequence[Step]) -> None:
        """Do the steps that no checkpoint holds, and give the model its final weights."""
        self._resume()
        if self.done < len(steps):
            if self.sft_weight is None:
                self.sft_weight = self._weigh(steps[:_WEIGHING_STEPS])
            self._walk(steps, self.sft_weight)
        self.optimisation.adopt_averages()

    def _resume(self) -> None:
        """Go to where the newest good checkpoint of this run stands, if there is one."""
        saved = self.checkpoints.latest(self.name)
        if saved is None:
            return
        self.optimisation.restore(saved.tensors)
        self.done, self.sft_weight, self.curve = saved.step, saved.values["sft_weight"], saved.values["curve"]
        self._saved = self.done
        logger.info("training continues after step %d", self.done)

    def _save(self, last: int) -> None:
        tensors = self.optimisation.tensors()
        if self.accelerator.is_main_process:
            values = {"sft_weight": self.sft_weight, "curve": self.curve}
            self.checkpoints.save(Checkpoint(self.name, self.done, tensors, values, last=last))
        self._saved = self.done

    def _save_at_once(self, last: int) -> None:
        """Ctrl-C and SIGTERM lose no step that was done."""
        if self.done > self._saved:
            self._save(last)
        logger.info("training was stopped after step %d, which is in a checkpoint", self.done)

    def _walk(self, steps: Sequence[Step], sft_weight: float) -> None:
        title = f"Training the student ({self.settings.method})"
        with bar(title, len(steps), "steps", done=self.done) as shown:
            try:
                with self._together() as held:
                    for number, step in enumerate(steps[self.done :], start=self.done + 1):
                        self._step(number, step, sft_weight, len(steps))
                        if number % self.settings.checkpoint_every == 0 or number == len(steps):
                            self._save(len(steps))
                        fault_point("training.step.after")
                        shown.update()
                        if self.optimisation.sharded and held_by_any(held):
                            break
            except (KeyboardInterrupt, SystemExit):
                self._save_at_once(len(steps))
                raise

    def _together(self) -> AbstractContextManager[list[int]]:
        """Where it is sharded, processes save together, so they stop after the same step."""
        if self.optimisation.sharded:
            return uninterrupted()
        return nullcontext([])

    def _step(self, number: int, step: Step, sft_weight: float, steps: int) -> None:
        """One optimizer step: all of it is done, with its row in the curve, or nothing."""
        fault_point("training.step.before")
        row = self._gradient(number, step, sft_weight)
        fault_point("training.step.before_update")
        with uninterrupted():
            row["learning_rate"] = self.optimisation.update(number, steps)
            fault_point("training.step.updated")
            self.curve.append(row)
            self.done = number

    def _gradient(self, number: int, step: Step, sft_weight: float) -> Row:
        """Add up a step's gradient, and make its row of the curve but for the learning rate."""
        with_norms = (number - 1) % self.settings.gradient_norm_every == 0
        *others, last = self.feed.batches(step)
        sums = Sums(len(others) + 1, self.accelerator, self.optimisation.sharded)
        with self.optimisation.alone():
            for batch in others:
                self._backward(batch, sft_weight, sums, with_norms)
        self._backward(last, sft_weight, sums, with_norms)
        row: Row = {"step": number, "epoch": step.epoch}
        row |= mean_quantities(sums.measured, self.accelerator)
        self._refuse_unless_finite("loss", row["loss"], number, step, sums)
        if with_norms:
            row |= {f"{term}_gradient_norm": norm for term, norm in sums.norms.items()}
        row["gradient_norm"] = self.optimisation.clip()
        self._refuse_unless_finite("gradient norm", row["gradient_norm"], number, step, sums)
        row["sft_weight"] = sft_weight
        row["weighted_sft_loss"] = sft_weight * (row["sft_loss"] or 0.0)
        return row

    def _backward(self, batch: TrainingBatch, sft_weight: float, sums: Sums, with_norms: bool) -> None:
        """Add a micro-batch's gradient to the step's, and what it says to the step's sums."""
        losers = with_norms or self.settings.learns_from_losers
        found = self._terms(self.optimisation.denoiser, batch, learn_from_losers=losers)
        weights = Weights(sft_weight, self.settings.output_weight, self.settings.feature_weight)
        loss = METHODS[self.settings.method](found, weights)
        sums.add(found, loss, batch.share)
        if with_norms:
            sums.add_gradients(found, batch.share, self._parameters)
        self.optimisation.add(loss * batch.share)

    def _terms(self, denoiser: "nn.Module", batch: TrainingBatch, *, learn_from_losers: bool) -> Terms:
        return terms(
            self.feed.family,
            denoiser,
            batch,
            self.settings.beta,
            self.teacher,
            learn_from_losers=learn_from_losers,
        )

    @property
    def _parameters(self) -> "list[nn.Parameter]":
        return list(self.optimisation.parameters.values())

    def _weigh(self, steps: Sequence[Step]) -> float:
        """w_SFT: as set, or the mean ratio of the terms' gradient norms over these steps, without updates."""
        if self.settings.method == "dpo":
            return 0.0
        if self.settings.sft_weight != "auto":
            return self.settings.sft_weight
        norms = [self._first_norms(number, step) for number, step in enumerate(steps, start=1)]
        weight = sum(dpo / sft if sft else math.inf for dpo, sft in norms) / len(norms)
        if not 0 < weight < math.inf:
            raise UserError(
                "sft_weight: auto cannot weigh the terms, whose gradient norms (dpo, sft) at first are "
                f"{', '.join(f'({dpo:g}, {sft:g})' for dpo, sft in norms)}; set sft_weight to a number"
            )
        logger.info("sft_weight: auto is %g, by the gradients of the first %d steps", weight, len(norms))
        return weight

    def _first_norms(self, number: int, step: Step) -> tuple[float, float]:
        batches = self.feed.batches(step)
        sums = Sums(len(batches), self.accelerator, self.optimisation.sharded)
        for batch in batches:
            found = self._terms(self.feed.family.denoiser, batch, learn_from_losers=True)
            sums.add(found, found.dpo.loss, batch.share)
            sums.add_gradients(found, batch.share, self._parameters)
        dpo, sft = sums.norms["dpo"], sums.norms["sft"]
        self._refuse_unless_finite("sum of the terms' gradient norms", dpo + sft, number, step, sums)
        return dpo, sft

    def _refuse_unless_finite(
        self, what: str, value: float | None, number: int, step: Step, sums: Sums
    ) -> None:
        """Stop before the optimizer moves anything that could not be undone; all processes do so together."""
        if value is None or not math.isfinite(value):
            broken = self.feed.which(step, sums.broken, self.accelerator)
            raise UserError(
                f"step {number}: the {what} is {value}, nothing was updated (last good checkpoint: "
                f"{self.checkpoints.last_good(self.name)}; pairs: {', '.join(broken)}); "
                "lower learning_rate or beta, or look at these pairs"
            )
