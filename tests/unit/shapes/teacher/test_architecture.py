"""The noise schedule of the embedded teacher."""

import torch

from vip.shapes.teacher.architecture import build_scheduler


def test_the_last_timestep_is_pure_noise() -> None:
    scheduler = build_scheduler()
    clean, noise = torch.ones(1, 4, 8, 8, 8), torch.randn(1, 4, 8, 8, 8)
    last = torch.tensor([scheduler.config.num_train_timesteps - 1])
    assert torch.equal(scheduler.add_noise(clean, noise, last), noise)
    assert torch.equal(scheduler.get_velocity(clean, noise, last), -clean)


def test_sampling_starts_there() -> None:
    scheduler = build_scheduler()
    scheduler.set_timesteps(10)
    assert scheduler.timesteps[0] == scheduler.config.num_train_timesteps - 1
