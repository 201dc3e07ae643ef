"""The first teacher's recipe: what its first steps lose, worked out from stock parts and the same draws."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import UNetMotionModel

from vip.seeding import generator_for, seed_of
from vip.shapes.teacher import animatediff, architecture
from vip.shapes.teacher.blueprints import blueprint
from vip.shapes.teacher.denoiser import DenoiserTraining, Examples, Round, train_denoiser, write_captions
from vip.training.checkpoints import CheckpointFolder

LOOP = Round(steps=1, batch_size=3, learning_rate=1e-3, first_timestep=400)
SETTINGS = DenoiserTraining(pictures=LOOP, centred=LOOP, clips=LOOP)


def expected_loss(name: str, examples: Examples) -> float:
    """Squared error of the velocity under DDPM's schedule, as AnimateDiff's U-Nets are called."""
    torch.manual_seed(0)
    tokenizer = architecture.build_tokenizer()
    encoders = [architecture.build_text_encoder(tokenizer) for _ in range(2)]
    spatial, motion = animatediff.build_spatial_denoiser(), animatediff.build_motion_adapter()
    scheduler = architecture.build_scheduler()
    generator = generator_for(name, 0, 0)
    rows = torch.randint(len(examples.latents), (3,), generator=generator)
    rng = np.random.default_rng(seed_of(name, 0, 0))
    captions = write_captions([examples.scenes[int(row)] for row in rows], rng, SETTINGS)
    clean = examples.latents[rows]
    noise = torch.randn(clean.shape, generator=generator)
    timesteps = torch.randint(400, 1000, (3,), generator=generator)
    noisy = scheduler.add_noise(clean, noise, timesteps)
    tokens = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
    words = encoders[name != "pictures"](tokens.input_ids)[0]
    if name == "pictures":
        predicted = spatial(noisy[:, :, 0], timesteps, words).sample[:, :, None]
    else:
        joined = UNetMotionModel.from_unet2d(spatial, motion)
        predicted = joined(noisy, timesteps, words.repeat_interleave(8, dim=0)).sample
    return (predicted - scheduler.get_velocity(clean, noise, timesteps)).square().mean().item()


@pytest.mark.parametrize("name", ["pictures", "clips"])
def test_the_first_loss_is_that_of_the_recipe(name: str, tmp_path: Path) -> None:
    latents = torch.randn(4, 4, 8, 8, 8, generator=torch.Generator().manual_seed(0))
    examples = Examples([0, 100, 200, 300], latents)
    if name == "pictures":
        examples = examples.frames()
        assert examples.latents.shape == (32, 4, 1, 8, 8)
    torch.manual_seed(0)
    made = blueprint("animatediff")
    learner = made.for_pictures() if name == "pictures" else made.for_clips()
    curve = train_denoiser(name, made, learner, examples, LOOP, SETTINGS, CheckpointFolder(tmp_path))
    assert curve[0]["loss"] == pytest.approx(expected_loss(name, examples), rel=1e-6)


def test_what_sleeps_does_not_learn(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = blueprint("modelscope")
    learner = made.for_pictures()
    before = {name: value.clone() for name, value in learner.denoiser.state_dict().items()}
    examples = Examples([0], torch.randn(1, 4, 1, 8, 8))
    train_denoiser("pictures", made, learner, examples, LOOP, SETTINGS, CheckpointFolder(tmp_path))
    for name, value in learner.denoiser.state_dict().items():
        if any(part in name for part in learner.asleep):
            assert torch.equal(value, before[name]), name
    assert not torch.equal(learner.denoiser.conv_in.weight, before["conv_in.weight"])
