"""Draws depend on what they are for, and on nothing else."""

import pytest
import torch

from vip.training.draws import Draw, draw, plan


def tensors(found: Draw) -> list[torch.Tensor]:
    return [found.timestep, found.winner_noise, found.loser_noise]


def same(one: Draw, other: Draw) -> bool:
    return all(torch.equal(a, b) for a, b in zip(tensors(one), tensors(other), strict=True))


@pytest.fixture
def family(world):
    return world.teacher.open()


def test_a_draw_is_the_same_whatever_was_drawn_before(world, family) -> None:
    first = draw(family, "pair0", 0, world.settings())
    torch.randn(7)
    draw(family, "pair1", 0, world.settings())
    assert same(first, draw(family, "pair0", 0, world.settings()))


def test_a_draw_has_the_family_s_shapes(world, family) -> None:
    found = draw(family, "pair0", 0, world.settings())
    assert found.timestep.shape == ()
    assert found.winner_noise.shape == found.loser_noise.shape == family.latent_shape


@pytest.mark.parametrize(("pair_id", "epoch", "seed"), [("pair1", 0, 0), ("pair0", 1, 0), ("pair0", 0, 1)])
def test_another_pair_epoch_or_seed_draws_something_else(world, family, pair_id, epoch, seed) -> None:
    first = draw(family, "pair0", 0, world.settings())
    other = draw(family, pair_id, epoch, world.settings(seed=seed))
    assert not torch.equal(first.winner_noise, other.winner_noise)
    assert not torch.equal(first.loser_noise, other.loser_noise)


@pytest.mark.parametrize("change", [{"method": "sft"}, {"method": "dpo"}, {"beta": 1.0}, {"batch_size": 5}])
def test_draws_do_not_depend_on_the_method(world, family, change) -> None:
    assert same(
        draw(family, "pair0", 1, world.settings()), draw(family, "pair0", 1, world.settings(**change))
    )


def test_winner_and_loser_have_noises_of_their_own(world, family) -> None:
    found = draw(family, "pair0", 0, world.settings())
    assert not torch.equal(found.winner_noise, found.loser_noise)


def test_shared_noise_changes_the_loser_s_noise_only(world, family) -> None:
    apart, shared = (draw(family, "pair0", 0, world.settings(shared_noise=value)) for value in (False, True))
    assert torch.equal(shared.loser_noise, shared.winner_noise)
    assert torch.equal(shared.winner_noise, apart.winner_noise)
    assert torch.equal(shared.timestep, apart.timestep)


def test_noise_is_standard_normal(world, family) -> None:
    drawn = [draw(family, f"pair{i}", 0, world.settings()).loser_noise for i in range(200)]
    noise = torch.stack(drawn)
    assert abs(noise.mean().item()) < 0.02
    assert noise.std().item() == pytest.approx(1, abs=0.02)


def test_every_epoch_shows_every_pair_once(world) -> None:
    steps = plan(7, 3, world.settings(epochs=3))
    assert [len(step.positions) for step in steps] == [3, 3, 1] * 3
    for epoch in range(3):
        shown = [position for step in steps if step.epoch == epoch for position in step.positions]
        assert sorted(shown) == list(range(7))


def test_every_epoch_has_an_order_of_its_own(world) -> None:
    first, second = (
        [step.positions for step in plan(40, 8, world.settings()) if step.epoch == epoch] for epoch in (0, 1)
    )
    assert first != second
    assert plan(40, 8, world.settings()) == plan(40, 8, world.settings())
    assert plan(40, 8, world.settings(seed=1)) != plan(40, 8, world.settings())


def test_more_epochs_do_not_change_the_first(world) -> None:
    assert plan(7, 3, world.settings(epochs=5))[:6] == plan(7, 3, world.settings(epochs=2))
