"""The teacher beside its student: what of it is opened, where, and which features are compared."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from tests.tiny.models import TINY
from torch import nn

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.checkpointing import enable_gradient_checkpointing
from vip.families.folder import ModelFolder
from vip.families.loading import Loading, models_of
from vip.families.registry import family_named
from vip.losses.feature_distillation import feature_loss
from vip.losses.methods import METHODS, Weights
from vip.training.batches import NoisyPairs
from vip.training.draws import Step
from vip.training.features import FeatureTeacher, captured, of_winners, winners_features
from vip.training.objective import terms
from vip.training.sums import Sums

METHOD = {"method": "feature_distillation"}


def beside(world, student: Any) -> FeatureTeacher:
    return FeatureTeacher(world.teacher, student, world.settings(**METHOD).loading_beside, "cpu")


def test_terms_compare_the_features_of_each_winner(world) -> None:
    """By hand: the two layers of the tiny model, called one by one on the winners of a batch."""
    student, teacher = world.pruned.open(), world.teacher.open()
    (batch,) = world.feed(student, **METHOD).batches(Step(1, (4, 0, 2)))
    found = terms(student, student.denoiser, batch, 10.0, beside(world, student))
    winners = batch.samples.noisy[:3]
    errors = []
    for layers in (("spatial",), ("spatial", "motion")):
        made = []
        for model in (student, teacher):
            hidden = model.denoiser.spatial(winners)
            if "motion" in layers:
                hidden = model.denoiser.motion(hidden.transpose(2, -1))
            made.append(hidden)
        errors.append((made[0] - made[1]).square().mean())
    assert found.features is not None
    torch.testing.assert_close(found.features, sum(errors))
    without = terms(student, student.denoiser, batch, 10.0)
    assert without.features is None
    assert torch.equal(without.sft, found.sft)
    assert torch.equal(without.dpo.logits, found.dpo.logits)


def test_a_student_like_its_teacher_has_neither_loss_nor_gradient(world) -> None:
    world.pruned.seed = world.teacher.seed
    student = world.pruned.open()
    parameters = student.trainable()
    for value in parameters.values():
        value.requires_grad_()
    teacher = beside(world, student)
    (batch,) = world.feed(student, **METHOD).batches(Step(0, (1, 3)))
    same = replace(batch, reference=student.predict(
        student.denoiser, batch.samples.noisy, batch.samples.timesteps, batch.conditioning
    ).detach())  # fmt: skip
    found = terms(student, student.denoiser, same, 10.0, teacher)
    assert found.features is not None
    assert (found.features.item(), found.sft.item()) == (0.0, 0.0)
    gradients = torch.autograd.grad(found.sft + found.features, list(parameters.values()), retain_graph=True)
    assert all(not gradient.any() for gradient in gradients)
    task = METHODS["finetuning"](found, Weights(2.0))
    assert METHODS["feature_distillation"](found, Weights(2.0)).item() == task.item()


def test_both_weights_count(world) -> None:
    rows = [
        world.train(**METHOD, output_weight=output, feature_weight=features).curve.iloc[0]
        for output, features in ((1.0, 1.0), (3.0, 0.0), (0.0, 5.0))
    ]
    for row, (output, features) in zip(rows, ((1, 1), (3, 0), (0, 5)), strict=True):
        parts = row["winner_margin"] + output * row["sft_loss"] + features * row["feature_loss"]
        assert row["loss"] == pytest.approx(2.0 * parts)
        assert row["feature_loss"] == rows[0]["feature_loss"] > 0


def test_features_come_nearer_to_the_teacher_s(world) -> None:
    def prepare(family) -> None:
        family.feature_paths = lambda: {"trained": "motion"}

    world.pruned.prepare = prepare
    long = {"epochs": 14, "batch_size": 7, "learning_rate": 0.1, "checkpoint_every": 100}
    found = world.train(**METHOD, **long, output_weight=0.0, feature_weight=10.0).curve["feature_loss"]
    assert found.tail(4).mean() < 0.7 * found.head(4).mean()


def test_only_this_method_opens_the_teacher_for_training(world) -> None:
    opened = []  # once in each world.train for its predictions
    for method in METHODS:
        before = len(world.teacher.opened)
        world.train(method=method, epochs=1, batch_size=7)
        opened.append((method, len(world.teacher.opened) - before))
    assert opened == [(method, 2 if method == "feature_distillation" else 1) for method in METHODS]
    world.train(**METHOD, epochs=1, batch_size=7)
    assert len(world.teacher.opened) == sum(times for _, times in opened) + 1, (
        "a finished run needs no teacher"
    )


def test_without_a_shared_place_there_is_nothing_to_learn(world) -> None:
    student = world.pruned.open()
    student.feature_paths = lambda: {"elsewhere": "motion"}
    (batch,) = world.feed(student, **METHOD).batches(Step(0, (1, 3)))
    with pytest.raises(UserError, match="share none of the 1 places"):
        terms(student, student.denoiser, batch, 10.0, beside(world, student))


def test_gradient_norms_are_measured_beside_a_teacher_too(world) -> None:
    student = world.pruned.open()
    for value in student.trainable().values():
        value.requires_grad_()
    (batch,) = world.feed(student, **METHOD).batches(Step(0, (1, 3)))
    accelerator = Accelerator(cpu=True)
    sums, plain = Sums(1, accelerator), Sums(1, accelerator)
    sums.add_gradients(
        terms(student, student.denoiser, batch, 10.0, beside(world, student)),
        1.0,
        list(student.trainable().values()),
    )
    plain.add_gradients(
        terms(student, student.denoiser, batch, 10.0), 1.0, list(student.trainable().values())
    )
    assert sums.norms == plain.norms


# --- real architectures ---


@dataclass
class Inputs:
    samples: NoisyPairs
    conditioning: Any = field(repr=False)


def inputs_of(model: VideoFamily) -> Inputs:
    noisy = torch.randn(4, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    timesteps = torch.tensor([30.0, 700.0] * 2)
    words = model.encode(["a", "b"] * 2)
    return Inputs(NoisyPairs(noisy, noisy, timesteps), words)


@pytest.mark.parametrize("name", ["modelscope", "cogvideox"])
def test_gradient_checkpointing_changes_no_gradient_of_features(name: str, tiny_folder_of) -> None:
    teacher = family_named(TINY[name].family).open(tiny_folder_of(name))
    student, given = copy.deepcopy(teacher), inputs_of(teacher)
    with torch.no_grad():
        for value in student.trainable().values():
            value.mul_(1.1)
    wanted = winners_features(teacher, given.samples, given.conditioning, student.feature_paths())
    gradients = []
    for frugal in (False, True):
        for value in student.trainable().values():
            value.requires_grad_().grad = None
        if frugal:
            enable_gradient_checkpointing(student.denoiser)
        with captured(student, wanted) as found:
            student.predict(
                student.denoiser, given.samples.noisy, given.samples.timesteps, given.conditioning
            )
        kept = dict(found)
        feature_loss(of_winners(found), wanted, clips=2).backward()
        assert found == kept, "a backward pass captures nothing"
        gradients.append({n: v.grad for n, v in student.trainable().items() if v.grad is not None})
    plain, again = gradients
    assert plain.keys() == again.keys()
    for key, gradient in plain.items():
        torch.testing.assert_close(again[key], gradient, rtol=1e-4, atol=1e-6)


def test_nothing_is_left_behind_by_capturing(tiny_model: VideoFamily) -> None:
    with pytest.raises(RuntimeError, match="stopped"), captured(tiny_model, tiny_model.feature_paths()):
        raise RuntimeError("stopped")
    assert not any(module._forward_hooks for module in tiny_model.denoiser.modules())


def test_only_the_teacher_s_denoiser_goes_to_the_device(
    tiny_folder: ModelFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[nn.Module] = []
    family = tiny_folder.open()
    for model in models_of(family).values():
        monkeypatch.setattr(model, "to", lambda device, model=model: moved.append((model, device)))
    Loading(only_denoiser=True).apply(family, "somewhere")
    assert moved == [(family.denoiser, "somewhere")]
