"""Only what is trainable moves, and it moves as AdamW, clipping, warm-up and averaging say."""

import pytest
import torch
from accelerate import Accelerator

from vip.training.optimisation import Optimisation, learning_rate_at, only_trainable


@pytest.fixture
def family(world):
    return world.pruned.open()


def optimisation(world, family, **changes) -> Optimisation:
    return Optimisation(family, world.settings(**changes), Accelerator(cpu=True))


def loss_of(family) -> torch.Tensor:
    noisy = torch.randn(2, *family.latent_shape, generator=torch.Generator().manual_seed(0))
    return (
        family.predict(family.denoiser, noisy, torch.tensor([1, 2]), family.encode(["a", "b"])).square().sum()
    )


def test_all_but_the_trainable_parameters_are_frozen(family) -> None:
    family.denoiser.train()
    trainable = only_trainable(family)
    assert set(trainable) == {"motion.weight", "motion.bias"}
    assert not family.denoiser.training
    assert {name for name, value in family.denoiser.named_parameters() if value.requires_grad} == set(
        trainable
    )
    loss_of(family).backward()
    assert {name for name, value in family.denoiser.named_parameters() if value.grad is not None} == set(
        trainable
    )


def test_activations_are_computed_again_where_that_is_asked_for(world, family, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("vip.training.optimisation.enable_gradient_checkpointing", asked.append)
    optimisation(world, family)
    assert asked == []
    optimisation(world, family, gradient_checkpointing=True)
    assert asked == [family.denoiser]


def test_weights_become_contiguous_in_place(tiny_model) -> None:
    weight = tiny_model.denoiser.conv_in.weight
    tiny_model.denoiser.to(memory_format=torch.channels_last)
    assert not weight.is_contiguous()
    only_trainable(tiny_model)
    assert tiny_model.denoiser.conv_in.weight is weight
    assert weight.is_contiguous()


def test_the_learning_rate_warms_up_linearly(world) -> None:
    settings = world.settings(learning_rate=0.4, warmup_steps=4)
    assert [learning_rate_at(step, 99, settings) for step in (1, 2, 3, 4, 5, 99)] == pytest.approx(
        [0.1, 0.2, 0.3, 0.4, 0.4, 0.4]
    )
    assert learning_rate_at(1, 99, world.settings(learning_rate=0.4)) == 0.4


def test_the_learning_rate_falls_linearly_at_the_end(world) -> None:
    settings = world.settings(learning_rate=0.4, decay_share=0.5)
    rates = [learning_rate_at(step, 6, settings) for step in range(1, 7)]
    assert rates == pytest.approx([0.4, 0.4, 0.4, 0.3, 0.2, 0.1])


def test_rise_and_fall_may_meet(world) -> None:
    settings = world.settings(learning_rate=0.4, warmup_steps=4, decay_share=1.0)
    rates = [learning_rate_at(step, 3, settings) for step in (1, 2, 3)]
    assert rates == pytest.approx([0.1, 0.2, 0.1])


def test_an_update_is_adamw_s(world, family) -> None:
    moving = optimisation(world, family, learning_rate=0.1)
    twin = world.pruned.open()
    expected = torch.optim.AdamW(twin.trainable().values(), lr=0.1)
    for step in (1, 2):
        expected.zero_grad()
        loss_of(twin).backward()
        expected.step()
        moving.add(loss_of(family))
        moving.clip()
        assert moving.update(step, 99) == 0.1
        assert all(value.grad is None for value in moving.parameters.values())
    for name, weight in twin.trainable().items():
        assert torch.equal(weight, moving.parameters[name])


def test_the_gradient_is_clipped_and_its_norm_is_the_one_before(world, family) -> None:
    moving = optimisation(world, family, gradient_clip=0.01)
    moving.add(loss_of(family))
    norm = moving.clip()
    gradients = torch.cat([value.grad.flatten() for value in moving.parameters.values()])
    assert norm > 1
    assert gradients.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_without_a_limit_the_gradient_stays(world, family) -> None:
    moving = optimisation(world, family, gradient_clip=0.0)
    moving.add(loss_of(family))
    norm = moving.clip()
    gradients = torch.cat([value.grad.flatten() for value in moving.parameters.values()])
    assert norm == pytest.approx(gradients.norm().item(), rel=1e-6)


def test_averages_follow_the_weights(world, family) -> None:
    moving = optimisation(world, family, ema_decay=0.75)
    expected = {name: value.detach().clone() for name, value in moving.parameters.items()}
    for step in (1, 2, 3):
        moving.add(loss_of(family))
        moving.clip()
        moving.update(step, 99)
        for name, value in moving.parameters.items():
            expected[name] = 0.75 * expected[name] + 0.25 * value.detach()
    moving.adopt_averages()
    for name, value in family.trainable().items():
        torch.testing.assert_close(value.detach(), expected[name])


def test_without_averages_the_weights_stay(world, family) -> None:
    moving = optimisation(world, family)
    moving.add(loss_of(family))
    moving.clip()
    moving.update(1, 99)
    before = {name: value.detach().clone() for name, value in moving.parameters.items()}
    moving.adopt_averages()
    assert all(torch.equal(value, before[name]) for name, value in moving.parameters.items())


def test_restoring_goes_on_where_it_was(world, family) -> None:
    moving = optimisation(world, family, ema_decay=0.5)
    moving.add(loss_of(family))
    moving.clip()
    moving.update(1, 99)
    saved = {group: {k: v.clone() for k, v in tensors.items()} for group, tensors in moving.tensors().items()}
    assert set(saved) == {"weights", "optimizer", "averages"}
    other = world.pruned.open()
    again = optimisation(world, other, ema_decay=0.5)
    again.restore(saved)
    for one, denoiser in ((moving, family), (again, other)):
        one.add(loss_of(denoiser))
        one.clip()
        one.update(2, 99)
    for group, tensors in moving.tensors().items():
        for name, tensor in tensors.items():
            assert torch.equal(tensor, again.tensors()[group][name]), name
