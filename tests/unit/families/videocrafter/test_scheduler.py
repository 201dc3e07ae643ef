"""VideoCrafter's forward process and its DDIM: tables, steps, noise, and what is refused."""

from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler

from vip.families.videocrafter.scheduler import ScaledDDIMScheduler


def test_the_scale_falls_to_0_7_over_400_timesteps_and_stays() -> None:
    scales = ScaledDDIMScheduler().scales
    assert len(scales) == 1000
    assert scales[0] == 1
    torch.testing.assert_close(scales[199], torch.tensor(1 - 0.3 * 199 / 399))
    assert (scales[399:] == torch.tensor(0.7)).all()


def test_the_noise_schedule_is_stable_diffusion_s() -> None:
    stock = DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    ours = ScaledDDIMScheduler()
    torch.testing.assert_close(ours.alphas_cumprod, stock.alphas_cumprod, rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(1, [1]), (3, [667, 334, 1]), (10, [901, 801, 701, 601, 501, 401, 301, 201, 101, 1])],
)
def test_timesteps_are_evenly_spaced_down_to_1(steps: int, expected: list[int]) -> None:
    scheduler = ScaledDDIMScheduler()
    scheduler.set_timesteps(steps)
    assert scheduler.timesteps.tolist() == expected


@pytest.mark.parametrize("steps", [0, 1000])
def test_impossible_numbers_of_steps_are_refused(steps: int) -> None:
    with pytest.raises(ValueError, match=f"num_inference_steps is {steps}; .* between 1 and 999"):
        ScaledDDIMScheduler().set_timesteps(steps)


def test_without_a_scale_it_is_the_stock_sampler() -> None:
    stock = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    ours = ScaledDDIMScheduler(scale_end=1.0)
    sample, output = torch.randn(2, 4, 2, 3, 3), torch.randn(2, 4, 2, 3, 3)
    for eta in (0.0, 1.0):
        for index in (0, 4, 9):
            found = []
            for scheduler in (stock, ours):
                scheduler.set_timesteps(10)
                timestep = scheduler.timesteps[index]
                generator = torch.Generator().manual_seed(0)
                stepped = scheduler.step(output, timestep, sample, eta=eta, generator=generator)
                found.append((stepped.prev_sample, stepped.pred_original_sample))
            for theirs, mine in zip(*found, strict=True):
                torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


def test_a_true_prediction_gives_back_the_clip() -> None:
    scheduler = ScaledDDIMScheduler()
    scheduler.set_timesteps(5)
    clean, noise = torch.randn(2, 4, 2, 3, 3), torch.randn(2, 4, 2, 3, 3)
    noisy = scheduler.add_noise(clean, noise, torch.tensor([401, 401]))
    _, predicted = scheduler.step(noise, 401, noisy, return_dict=False)
    torch.testing.assert_close(predicted, clean, rtol=0, atol=1e-5)


def test_it_is_saved_and_loaded(tmp_path: Path) -> None:
    ScaledDDIMScheduler(scale_end=0.5).save_pretrained(tmp_path)
    loaded = ScaledDDIMScheduler.from_pretrained(tmp_path)
    assert loaded.scales[-1] == 0.5
    assert loaded.config.prediction_type == "epsilon"


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="prediction_type is 'v_prediction'; .* epsilon only"):
        ScaledDDIMScheduler(prediction_type="v_prediction")
    with pytest.raises(ValueError, match="call set_timesteps before step"):
        ScaledDDIMScheduler().step(torch.zeros(1), 1, torch.zeros(1))
