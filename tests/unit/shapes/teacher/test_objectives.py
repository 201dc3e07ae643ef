"""What denoisers learn: by the stock scheduler, on the line, and from a teacher that knows all."""

from types import SimpleNamespace

import pytest
import torch

from vip.shapes.teacher.architecture import build_scheduler
from vip.shapes.teacher.objectives import Flow, Objective, TaughtFlow, Velocity

SHIFT = 3.0


@pytest.fixture
def draws() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return tuple(torch.randn(6, 4, 8, 8, 8, generator=generator) for _ in range(2))


def knowing_teacher(clean: torch.Tensor, noise: torch.Tensor) -> SimpleNamespace:
    """A diffusion that predicts the true velocity of this one clip and noise."""
    scheduler = build_scheduler()

    def predict(denoiser: None, noisy: torch.Tensor, timesteps: torch.Tensor, words: None) -> torch.Tensor:
        assert torch.allclose(noisy, scheduler.add_noise(clean, noise, timesteps), atol=1e-5)
        return scheduler.get_velocity(clean, noise, timesteps)

    return SimpleNamespace(scheduler=scheduler, denoiser=None, predict=predict, encode=lambda captions: None)


def test_a_teacher_that_knows_the_clip_teaches_its_flow(draws: tuple[torch.Tensor, torch.Tensor]) -> None:
    clean, noise = draws
    objective = TaughtFlow(knowing_teacher(clean, noise), SHIFT)
    timesteps = objective.timesteps(torch.Generator().manual_seed(1), len(clean), 0)
    taught = objective.target(clean, noise, timesteps, [""] * len(clean))
    assert torch.allclose(taught, noise - clean, atol=1e-4)


@pytest.mark.parametrize("first", [0, 700])
def test_timesteps_begin_where_they_are_told_and_are_spread_as_the_samplers(first: int) -> None:
    clean = torch.zeros(1, 4, 8, 8, 8)
    objectives: list[Objective] = [Flow(SHIFT), TaughtFlow(knowing_teacher(clean, clean), SHIFT)]
    drawn = [o.timesteps(torch.Generator().manual_seed(0), 20_000, first) for o in objectives]
    for timesteps in drawn:
        assert timesteps.min() >= first
        assert timesteps.max() <= 1000
    halfway = first + (1000 - first) * SHIFT * 0.5 / (1 + (SHIFT - 1) * 0.5)
    assert drawn[0].median() == pytest.approx(halfway, rel=0.01)
    assert drawn[1].median() == pytest.approx(halfway, rel=0.01)


def test_velocity_is_the_schedulers(draws: tuple[torch.Tensor, torch.Tensor]) -> None:
    clean, noise = draws
    objective, last = Velocity(build_scheduler()), torch.full((len(clean),), 999)
    timesteps = objective.timesteps(torch.Generator().manual_seed(0), 1000, 500)
    assert 500 <= timesteps.min() <= timesteps.max() <= 999
    assert torch.equal(objective.add_noise(clean, noise, last), noise)
    assert torch.equal(objective.target(clean, noise, last, []), -clean)
