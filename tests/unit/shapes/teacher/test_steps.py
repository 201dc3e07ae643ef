"""One long step is several short ones; a student that takes it ends where its teacher ends."""

from dataclasses import replace

import pytest
import torch
from tests.tiny.settings import video_generation

from vip.errors import UserError
from vip.families.animatediff import AnimateDiff
from vip.pipelines.step_distillation.config import StepDistillation
from vip.pipelines.step_distillation.nodes import distil_steps
from vip.pipelines.video_generation.config import VideoGeneration
from vip.shapes.teacher import steps
from vip.shapes.teacher.denoiser import Examples
from vip.shapes.teacher.steps import LongStep, ddim_step, steps_loss, velocity_between
from vip.training.checkpoints import CheckpointFolder
from vip.types import Sampler

LOOP = {"steps": 2, "batch_size": 2, "learning_rate": 1e-2, "warmup_steps": 1, "ema_decay": 0.0}
SETTINGS = StepDistillation(
    teacher_steps=4,
    guidance_scale=2.0,
    loop=LOOP,
    placements=1,
    silent_share=0.1,
    caption_dropout=0.0,
    seed=0,
)
FEW_STEPS = video_generation(steps=2, guidance_scale=1.0)


def latents(count, model, seed=0):
    return torch.randn(count, *model.latent_shape, generator=torch.Generator().manual_seed(seed))


def test_a_step_is_that_of_diffusers(tiny_model):
    scheduler = tiny_model.scheduler
    scheduler.set_timesteps(8)
    noisy, velocity = latents(1, tiny_model), latents(1, tiny_model, 1)
    for timestep in scheduler.timesteps:
        expected = scheduler.step(velocity, timestep, noisy).prev_sample
        times = timestep[None]
        torch.testing.assert_close(ddim_step(scheduler, noisy, velocity, times, times - 125), expected)


def test_the_velocity_between_two_places_leads_from_one_to_the_other(tiny_model):
    starts, ends = torch.tensor([999, 749, 249, 124]), torch.tensor([749, 124, -1, -1])
    noisy, velocity = latents(4, tiny_model), latents(4, tiny_model, 1)
    reached = ddim_step(tiny_model.scheduler, noisy, velocity, starts, ends)
    found = velocity_between(tiny_model.scheduler, noisy, reached, starts, ends)
    torch.testing.assert_close(found, velocity, atol=1e-4, rtol=1e-4)


def test_long_steps_end_where_the_teachers_many_guided_ones_do(tiny_model):
    long_step = LongStep(tiny_model, guidance_scale=2.0, steps=4, every=2)
    assert long_step.starts.tolist() == [999, 749, 499, 249]
    conditioning = tiny_model.encode(["a red circle moves left", "a blue square"])
    place = noise = latents(2, tiny_model)
    for start in long_step.starts:
        starts = start.repeat(2)
        velocity = long_step.velocity(place, starts, conditioning)
        place = ddim_step(tiny_model.scheduler, place, velocity, starts, starts - 250)
    expected = tiny_model.sample(conditioning, noise, Sampler(8, 2.0))
    torch.testing.assert_close(place, expected, atol=1e-4, rtol=1e-3)
    assert (tiny_model.sample(conditioning, noise, Sampler(4, 2.0)) - expected).abs().max() > 0.01


def test_where_one_step_is_one_step_without_guidance_there_is_nothing_to_learn(tiny_model):
    examples = Examples([0, 1, 2], latents(3, tiny_model))

    def loss(guidance_scale, every):
        long_step = LongStep(tiny_model, guidance_scale, 4, every)
        return steps_loss(tiny_model, tiny_model.denoiser, long_step, examples, 3, SETTINGS, 0)(0).item()

    assert loss(1.0, 1) < 1e-9
    assert loss(1.0, 2) > 1e-5
    assert loss(3.0, 1) > 1e-5


def test_what_comes_out_is_a_folder_like_the_teachers_with_another_denoiser(
    tiny_folder, tiny_model, tmp_path, monkeypatch
):
    frames = torch.zeros(2, tiny_model.frame_shape[0], 3, 32, 32, dtype=torch.uint8)
    monkeypatch.setattr(steps, "training_clips", lambda placements: ([0, 1], frames))
    made, curve = distil_steps(tiny_folder, CheckpointFolder(tmp_path / "checkpoints"), FEW_STEPS, SETTINGS)
    made.save(tmp_path / "few")
    few = AnimateDiff.open(tmp_path / "few")
    assert list(curve["step"]) == [0, 1]
    ours, theirs = few.denoiser.state_dict(), tiny_model.denoiser.state_dict()
    assert ours.keys() == theirs.keys()
    for part in ("down_blocks.0.resnets.0.conv1.weight", "mid_block.motion_modules.0.proj_out.weight"):
        assert (ours[part] - theirs[part]).abs().max() > 1e-3
    assert few.scheduler.config.timestep_spacing == "trailing"
    words = ["a red circle"]
    torch.testing.assert_close(few.encode(words), tiny_model.encode(words), atol=1e-2, rtol=1e-2)
    other = replace(SETTINGS, teacher_steps=8)
    with pytest.raises(UserError, match="teacher_steps is 4 there and 8 now"):
        distil_steps(tiny_folder, CheckpointFolder(tmp_path / "checkpoints"), FEW_STEPS, other)


@pytest.mark.parametrize(
    ("sampling", "settings", "message"),
    [
        (video_generation(steps=2, guidance_scale=2.0), SETTINGS, "guidance_scale is 2.0.*set it to 1"),
        (FEW_STEPS, replace(SETTINGS, teacher_steps=5), "teacher_steps is 5.*multiple of the 2 steps"),
        (FEW_STEPS, replace(SETTINGS, teacher_steps=6), "divide the schedule.s 1000, such as 4$"),
        (replace(FEW_STEPS, steps=4), replace(SETTINGS, teacher_steps=90), "such as 100$"),
        (replace(FEW_STEPS, steps=500), SETTINGS, "multiple of the 500 steps.*such as 500$"),
        (replace(FEW_STEPS, steps=7), SETTINGS, "steps is 7; .*divide the schedule.s 1000, such as 8$"),
    ],
)
def test_what_cannot_be_is_refused(tiny_folder, tmp_path, sampling, settings, message):
    with pytest.raises(UserError, match=message):
        distil_steps(tiny_folder, CheckpointFolder(tmp_path), sampling, settings)


def test_another_family_is_refused(tiny_modelscope, tmp_path):
    from vip.families.folder import ModelFolder

    folder = ModelFolder(tiny_modelscope, "modelscope", "x")
    with pytest.raises(UserError, match="is no AnimateDiff folder with a velocity prediction"):
        distil_steps(folder, CheckpointFolder(tmp_path), FEW_STEPS, SETTINGS)


def test_the_environment_samples_as_the_model_was_made_to_be():
    from pathlib import Path

    from vip.config_loader import ProjectConfigLoader
    from vip.settings import CONFIG_LOADER_ARGS

    conf = Path(__file__).parents[4] / "conf"
    loader = ProjectConfigLoader(str(conf), env="shapes_four_steps", **CONFIG_LOADER_ARGS)
    sampling = VideoGeneration(**loader["parameters"]["video_generation"])
    settings = StepDistillation(**loader["parameters"]["step_distillation"])
    assert (sampling.steps, sampling.guidance_scale) == (4, 1.0)
    assert settings.teacher_steps % sampling.steps == 0
    assert loader["catalog"]["teacher"]["filepath"] == "data/01_raw/teacher_four_steps"
    assert loader["globals"]["folder"] == "data/shapes_four_steps"
