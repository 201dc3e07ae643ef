"""Gradient checkpointing changes what is kept, not what comes out."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.checkpointing import enable_gradient_checkpointing
from vip.families.registry import family_named


@pytest.fixture(scope="module", params=["modelscope", "videocrafter", "teacher"])
def opened(request: pytest.FixtureRequest) -> VideoFamily:
    """A 3D U-Net of each class, and one with diffusers' own support."""
    folder: Path = request.getfixturevalue(f"tiny_{request.param}")
    names = {"videocrafter": "videocrafter2", "teacher": "animatediff"}
    return family_named(names.get(request.param, request.param)).open(folder)


def gradients(model: VideoFamily) -> dict[str, torch.Tensor]:
    parameters = model.trainable()
    for value in parameters.values():
        value.requires_grad_()
    noisy = torch.randn(2, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    predicted = model.predict(model.denoiser, noisy, torch.tensor([3, 700]), model.encode(["a", "b"]))
    predicted.square().mean().backward()
    return {name: value.grad for name, value in parameters.items() if value.grad is not None}


def test_gradients_are_the_same_with_and_without(opened: VideoFamily) -> None:
    plain, frugal = copy.deepcopy(opened), copy.deepcopy(opened)
    enable_gradient_checkpointing(frugal.denoiser)
    expected, found = gradients(plain), gradients(frugal)
    assert set(found) == set(expected) == set(plain.trainable())
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-7)


def test_blocks_are_computed_twice(tiny_modelscope: Path) -> None:
    model = family_named("modelscope").open(tiny_modelscope)
    calls = []
    model.denoiser.mid_block.resnets[0].register_forward_hook(lambda *_: calls.append(1))
    enable_gradient_checkpointing(model.denoiser)
    enable_gradient_checkpointing(model.denoiser)
    gradients(model)
    assert len(calls) == 2
    with torch.no_grad():
        model.predict(
            model.denoiser, torch.zeros(1, *model.latent_shape), torch.tensor([1]), model.encode(["a"])
        )
    assert len(calls) == 3


def test_a_copy_checkpoints_its_own_blocks(tiny_modelscope: Path) -> None:
    model = family_named("modelscope").open(tiny_modelscope)
    enable_gradient_checkpointing(model.denoiser)
    copied = copy.deepcopy(model)
    gradients(copied)
    assert all(value.grad is None for value in model.denoiser.parameters())


def test_a_model_that_cannot_is_named() -> None:
    with pytest.raises(UserError, match="Linear supports no gradient checkpointing; set"):
        enable_gradient_checkpointing(nn.Linear(1, 1))
