"""What a held model takes, worked out by hand for three linear layers, and sane for every family."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from accelerate import Accelerator
from tests.tiny.models import TINY
from torch import Tensor, nn

from vip.families.base import VideoFamily
from vip.families.loading import Loading
from vip.families.registry import family_named
from vip.losses.methods import Terms
from vip.planning.held import Held
from vip.planning.meta_run import Cost, cost_of
from vip.training.sums import Sums


class Layers(VideoFamily):
    """Encoder, denoiser and autoencoder of 64, 64 and 256 weights; a clip has 16 latents."""

    latent_shape = (1, 1, 2, 8)

    def __init__(self) -> None:
        with torch.device("meta"):
            self.encoder = nn.Linear(4, 16, bias=False)
            self.denoiser = nn.Linear(8, 8, bias=False)
            self.vae = nn.Linear(8, 32, bias=False)

    def to_pipeline(self) -> SimpleNamespace:
        models = {"text_encoder": self.encoder, "unet": self.denoiser, "vae": self.vae, "scheduler": None}
        return SimpleNamespace(components=models)

    def trainable(self) -> dict[str, nn.Parameter]:
        return dict(self.denoiser.named_parameters())

    def feature_paths(self) -> dict[str, str]:
        return {"all of it": ""}

    def encode(self, prompts: list[str]) -> dict[str, Tensor]:
        return {"text": self.encoder(torch.zeros(len(prompts), 4, device="meta"))}

    def predict(self, denoiser: nn.Module, noisy: Tensor, timesteps: Tensor, conditioning: object) -> Tensor:
        return denoiser(noisy)

    def decode_clip(self, latents: Tensor) -> Tensor:
        return self.vae(latents)


Layers.__abstractmethods__ = frozenset()  # it has what planning asks for, and no more

WEIGHTS = 4 * (64 + 64 + 256)
PREDICTED = 6 * 16 * 4
"""Bytes of what the denoiser makes of three clips with guidance."""


def test_all_is_there_without_offload() -> None:
    """Encoding makes 16 + 64 bytes a prompt, decoding 256."""
    work = Held(Layers(), Loading()).generation(3, 2)
    assert work.flops == 2 * 2 * 8 * 8
    assert work.peak_bytes == WEIGHTS + max(3 * 80, PREDICTED, 256)


def test_with_offload_the_largest_moment_counts() -> None:
    work = Held(Layers(), Loading(offload=True)).generation(3, 2)
    assert work.peak_bytes == max(4 * 64 + 3 * 80, 4 * 64 + PREDICTED, 4 * 256 + 256) == 1280
    many = Held(Layers(), Loading(offload=True)).generation(30, 2)
    assert many.peak_bytes == 4 * 64 + 10 * PREDICTED


def test_bfloat16_halves_weights_but_the_autoencoder_s() -> None:
    """The product's input is rounded first: half the bytes, and half for what comes out."""
    work = Held(Layers(), Loading("bf16")).generation(3, 2)
    assert work.peak_bytes == 2 * 64 + 2 * 64 + 4 * 256 + PREDICTED


def test_predictions_decode_nothing() -> None:
    assert Held(Layers(), Loading(offload=True)).prediction(3).peak_bytes == 4 * 64 + PREDICTED


@pytest.mark.parametrize("averaged", [False, True])
def test_a_step_has_weights_moments_gradients_and_activations(averaged: bool) -> None:
    """One product forward and one backward, once in ten steps two more backward; many pairs are large."""
    model = Layers()
    noisy = torch.zeros(2000, *model.latent_shape, device="meta")
    step = cost_of(lambda: model.denoiser(noisy).square().mean().backward())
    held = Held(Layers(), Loading(), training=True)
    work = held.optimisation(1000, checkpointing=False, averaged=averaged, norms_every=10)
    assert work.peak_bytes >= WEIGHTS + (3 if averaged else 2) * 4 * 64 + step.peak_bytes
    assert work.peak_bytes <= WEIGHTS + (4 if averaged else 3) * 4 * 64 + step.peak_bytes
    assert work.flops == (2 + 2 / 10) * 2 * 2 * 8 * 8
    assert (held.stored_bytes, held.trained_bytes) == (4 * 64, 4 * 64)


@pytest.mark.parametrize(("beside", "teacher_s"), [(False, 0.0), (True, 0.5)])
def test_where_losers_teach_nothing_they_cost_a_product_but_in_steps_that_measure(
    beside: bool, teacher_s: float
) -> None:
    """Two products of a winner, one of a loser; in one step of ten four of each; a teacher's of winners."""
    teacher = Held(Layers(), Loading(only_denoiser=True)) if beside else None
    held = Held(Layers(), Loading(), training=True, teacher=teacher)
    every, winners = (
        held.optimisation(
            1000, checkpointing=False, averaged=False, norms_every=10, learns_from_losers=learns_from_losers
        )
        for learns_from_losers in (True, False)
    )
    assert winners.flops == pytest.approx((0.9 * 1.5 + 0.1 * 4 + teacher_s) * 2 * 2 * 8 * 8)
    assert winners.peak_bytes == every.peak_bytes


def test_a_teacher_beside_the_student_costs_its_denoiser_and_a_call_on_the_winners() -> None:
    """Its features of one clip a pair, 16 numbers, stay until they are compared, after a third product."""
    plain = Held(Layers(), Loading(), training=True)
    beside = Held(Layers(), Loading(), training=True, teacher=Held(Layers(), Loading(only_denoiser=True)))
    one, two = (
        held.optimisation(1000, checkpointing=False, averaged=False, norms_every=10)
        for held in (plain, beside)
    )
    assert two.flops - one.flops == pytest.approx(0.5 * 2 * 2 * 8 * 8)
    more = two.peak_bytes - one.peak_bytes - 4 * 64
    features = 1000 * 16 * 4
    assert features <= more <= 4 * features


class Wide(Layers):
    """A denoiser whose weights are much more than what it makes of a clip of 64 latents."""

    latent_shape = (1, 1, 1, 64)
    widths = [64] * 17

    def __init__(self) -> None:
        super().__init__()
        self.denoiser = self.made_on("meta")

    def made_on(self, device: str) -> nn.Module:
        pairs = zip(self.widths, self.widths[1:], strict=False)
        return nn.Sequential(*(nn.Linear(*pair, bias=False, device=device) for pair in pairs))


@pytest.mark.parametrize(("parts", "pairs"), [(1, 64), (2, 1), (3, 1)])
def test_what_is_planned_is_what_a_measuring_step_makes(parts: int, pairs: int) -> None:
    """Sixteen products make 8 KB of a pair; gradients are 256 KB, of which 16 are cloned and squared."""
    held = Held(Wide(), Loading(), training=True)
    work = held.optimisation(pairs, checkpointing=False, averaged=False, norms_every=10, in_parts=parts > 1)
    gradients = held.trained_bytes
    planned = work.peak_bytes - held._present(("unet",)) - 2 * gradients

    denoiser, sums = Wide().made_on("cpu"), Sums(parts, Accelerator(cpu=True))
    noisy = torch.ones(2 * pairs, *Wide.latent_shape)

    def step() -> None:
        for _ in range(parts):
            predicted = denoiser(noisy)
            dpo, sft = predicted.square().mean(), predicted.abs().mean()
            found = cast("Terms", SimpleNamespace(dpo=SimpleNamespace(loss=dpo), sft=sft))
            sums.add_gradients(found, 1 / parts, list(denoiser.parameters()))
            ((dpo + sft) / parts).backward()

    assert cost_of(step).peak_bytes == pytest.approx(planned, abs=gradients / 2)


def test_a_later_part_of_a_step_has_three_gradients_beside_it() -> None:
    """The sums of both terms and of the step so far."""
    held = Held(Wide(), Loading(), training=True)
    whole, part = (
        held.optimisation(64, checkpointing=False, averaged=False, norms_every=10, in_parts=in_parts)
        for in_parts in (False, True)
    )
    assert part.flops == whole.flops
    assert part.peak_bytes - whole.peak_bytes == 3 * held.trained_bytes


def test_an_update_makes_roots_of_second_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradients and roots are what an update needs, however little a backward pass takes."""
    held = Held(Layers(), Loading(), training=True)
    monkeypatch.setattr(held, "_call", lambda *_, **__: Cost(0, 1))
    monkeypatch.setattr(held, "_gradients_elsewhere", lambda: 0)
    work = held.optimisation(1, checkpointing=False, averaged=False, norms_every=1)
    assert work.peak_bytes == WEIGHTS + (2 + 2) * 4 * 64


def test_trained_weights_stay_float32_beside_their_rounded_copy() -> None:
    held = Held(Layers(), Loading("bf16"), training=True)
    assert {value.dtype for value in held.model.denoiser.parameters()} == {torch.float32}
    assert held._present(("unet",)) == 4 * 64 + 2 * 64 + 4 * 256


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(TINY))
def test_every_family_can_be_planned(name: str, tiny_folder_of: Callable[[str], Path]) -> None:
    family, folder = family_named(TINY[name].family), tiny_folder_of(name)

    def held(loading: Loading, *, training: bool = False) -> Held:
        return Held(family.open(folder, "meta"), loading, training=training)

    peaks = [
        held(loading).generation(2, 2).peak_bytes
        for loading in (Loading(), Loading("bf16"), Loading("bf16", offload=True))
    ]
    assert peaks[0] > peaks[1] > peaks[2] > 0
    plain, again = (
        held(Loading(), training=True).optimisation(
            2, checkpointing=checkpointing, averaged=False, norms_every=10
        )
        for checkpointing in (False, True)
    )
    assert 1.05 < again.flops / plain.flops < 1.6
    winners = held(Loading(), training=True).optimisation(
        2, checkpointing=False, averaged=False, norms_every=10, learns_from_losers=False
    )
    assert 0.6 < winners.flops / plain.flops < 0.9
    assert winners.peak_bytes == plain.peak_bytes
    half = held(Loading("bf16"), training=True).optimisation(
        2, checkpointing=True, averaged=False, norms_every=10
    )
    assert half.flops == again.flops
