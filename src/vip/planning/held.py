"""What one model takes, on the meta device and held as its settings say: FLOPs, and bytes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from vip.evaluation.costs import bytes_of
from vip.families.checkpointing import enable_gradient_checkpointing
from vip.families.loading import AUTOENCODER, DENOISERS, Loading, models_of
from vip.losses.feature_distillation import feature_loss
from vip.planning.meta_run import Cost, cost_of
from vip.training.batches import NoisyPairs
from vip.training.features import captured, of_winners, winners_features

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import Granularity, VideoFamily
    from vip.types import Conditioning

FLOAT = 4
"""Bytes of a float32, in which everything is stored."""


@dataclass(frozen=True)
class Work:
    """FLOPs of one denoiser call for one clip, and the most bytes that are on the device at once."""

    flops: float
    peak_bytes: int


class Held:
    """A model outlined on the meta device, of whose denoiser units may go; the rest of it stays the same.

    In training a `teacher` may stay beside it, for its features; of that one only the denoiser is there.
    """

    def __init__(
        self,
        model: "VideoFamily",
        loading: Loading,
        *,
        training: bool = False,
        teacher: "Held | None" = None,
    ) -> None:
        loading.apply(model, "meta", training=training)
        self.model, self.loading, self._training, self._teacher = model, loading, training, teacher

    def remove(self, names: Sequence[str], granularity: "Granularity") -> None:
        """Take units out, as a stage does."""
        self.model.remove(names, granularity)

    @property
    def stored_bytes(self) -> int:
        """The denoiser on disk."""
        return FLOAT * sum(value.numel() for value in self.model.denoiser.parameters())

    @property
    def trained_bytes(self) -> int:
        """What is trained, in float32."""
        return FLOAT * sum(value.numel() for value in self.model.trainable().values())

    def generation(self, clips: int, calls_per_step: int) -> Work:
        """Encode, denoise and decode so many clips at once; a guided step calls the denoiser twice."""
        samples = clips * calls_per_step
        call = self._call(samples)
        decoding = self._present((AUTOENCODER,)) + self._decoding.peak_bytes
        peak = max(self._encoding(clips), self._present(DENOISERS) + call.peak_bytes, decoding)
        return Work(call.flops / samples, peak)

    def prediction(self, pairs: int) -> Work:
        """Encode, and predict winners and losers of so many pairs at once."""
        call = self._call(2 * pairs)
        peak = max(self._encoding(pairs), self._present(DENOISERS) + call.peak_bytes)
        return Work(call.flops / (2 * pairs), peak)

    def optimisation(
        self,
        pairs: int,
        *,
        checkpointing: bool,
        averaged: bool,
        norms_every: int,
        in_parts: bool = False,
        learns_from_losers: bool = True,
    ) -> Work:
        """Steps on so many pairs, of which every so-manieth measures the gradient of each of two terms.

        Where losers teach nothing, the other steps take them through no backward pass.

        With `in_parts`, so many are but one of a step's micro-batches. There are Adam's two moments and
        averaged weights; and at their worst moments either all activations and a gradient, in a step that
        measures, as the first one does, beside the sums of both terms' gradients and the step's own so far
        (`vip.training.sums`), if there were parts before; or the gradients and the roots of the second
        moments (AdamW's `foreach` implementation, torch's choice on GPUs).
        """
        if checkpointing:
            enable_gradient_checkpointing(self.model.denoiser)
        measured = self._call(2 * pairs, gradients=True, measured=True)
        step = self._call(2 * pairs, gradients=True)
        sums = 3 * self.trained_bytes if in_parts else 0
        moment = max(measured.peak_bytes + self._gradients_elsewhere() + sums, 2 * self.trained_bytes)
        kept = (3 if averaged else 2) * self.trained_bytes
        beside = bytes_of(self._teacher.model.denoiser) if self._teacher else 0
        peak = max(self._encoding(pairs), self._present(DENOISERS) + kept + moment) + beside
        usual = step if learns_from_losers else self._call(2 * pairs, gradients=True, losers=False)
        measuring = step.flops + 2 * (measured.flops - step.flops)
        flops = usual.flops + (measuring - usual.flops) / norms_every
        return Work(flops / (2 * pairs), peak)

    def _call(
        self, samples: int, *, gradients: bool = False, measured: bool = False, losers: bool = True
    ) -> Cost:
        """One denoiser call, with its backward pass where gradients are wanted; `measured`, with two.

        Without `losers`, which are half of the samples, the backward pass is that of the others.
        """
        import torch

        noisy = torch.zeros(samples, *self.model.latent_shape, device="meta")
        timesteps = torch.zeros(samples, device="meta")
        conditioning = {name: value.expand(samples, *value.shape[1:]) for name, value in self._words.items()}
        for value in self.model.trainable().values():
            value.requires_grad_(gradients)
            value.grad = None

        def run() -> None:
            with torch.set_grad_enabled(gradients):
                if not gradients:
                    self.model.predict(self.model.denoiser, noisy, timesteps, conditioning)
                    return
                loss = self._loss(NoisyPairs(noisy, noisy, timesteps), conditioning, losers=losers)
                if measured:  # autograd.grad does not go with the modules' hooks of Mochi
                    loss.backward(retain_graph=True)
                loss.backward()

        return self._cost_of(run)

    def _loss(self, samples: NoisyPairs, conditioning: "Conditioning", *, losers: bool) -> "Tensor":
        """A loss of what the denoiser predicts, and of its features where the teacher shows its own.

        Without `losers` they are predicted as well, but the loss is of winners (`vip.training.objective`).
        """
        import torch

        wanted: dict[str, Tensor] = {}
        if self._teacher:
            places = self.model.feature_paths()
            wanted = winners_features(self._teacher.model, samples, conditioning, places)
        pairs = len(samples.noisy) // 2
        if not losers:
            with torch.no_grad():
                self._predict(samples, conditioning, slice(pairs, None))
        with captured(self.model, wanted) as found:
            predicted = self._predict(samples, conditioning, slice(None if losers else pairs))
        loss = predicted.float().square().mean()
        if not wanted:
            return loss
        return loss + feature_loss(of_winners(found) if losers else found, wanted, pairs)

    def _predict(self, samples: NoisyPairs, conditioning: "Conditioning", part: slice) -> "Tensor":
        words = {name: value[part] for name, value in conditioning.items()}
        return self.model.predict(self.model.denoiser, samples.noisy[part], samples.timesteps[part], words)

    def _gradients_elsewhere(self) -> int:
        """Bytes of gradients that the last call did not make: those of Wan 2.2's other transformer."""
        return FLOAT * sum(value.numel() for value in self.model.trainable().values() if value.grad is None)

    def _encoding(self, prompts: int) -> int:
        """The most bytes that encoding takes; once measured for a prompt, and more with each."""
        encoders = [name for name in self._weights if name not in (AUTOENCODER, *DENOISERS)]
        return self._present(encoders) + prompts * self._encoded[0].peak_bytes

    @property
    def _words(self) -> "Conditioning":
        return self._encoded[1]

    @cached_property
    def _encoded(self) -> "tuple[Cost, Conditioning]":
        found: list[Conditioning] = []
        cost = self._cost_of(lambda: found.append(self.model.encode([""])))
        return cost, found[0]

    @cached_property
    def _decoding(self) -> Cost:
        """Clips are decoded one by one."""
        import torch

        latents = torch.zeros(1, *self.model.latent_shape, device="meta")
        with torch.no_grad():
            return cost_of(lambda: self.model.decode_clip(latents))

    def _cost_of(self, run: Callable[[], object]) -> Cost:
        return cost_of(run, half=self.loading.precision == "bf16")

    @property
    def _weights(self) -> dict[str, int]:
        return {name: bytes_of(model) for name, model in models_of(self.model).items()}

    def _present(self, at_work: Sequence[str]) -> int:
        """Bytes of the models that are there while some of them work, one after the other unless trained."""
        weights = self._weights
        if not self.loading.offload:
            return sum(weights.values())
        working = [size for name, size in weights.items() if name in at_work]
        return sum(working) if self._training and set(at_work) == set(DENOISERS) else max(working)
