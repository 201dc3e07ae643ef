"""A clip's bytes depend on its prompt, its seed and the model: not on where in which batch it was made."""

import numpy as np
import pytest
import torch

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.generation.sampling import initial_noise, make_clips
from vip.types import Clip, Sampler

SAMPLER = Sampler(2, 3.0)
PROMPTS = [
    "a red circle moves left",
    "a blue square on a white background",
    "a green triangle grows",
    "a cyan circle",
    "a purple square falls to the bottom",
]
SEEDS = [11, 12, 13, 14, 15]


def same(one: Clip, other: Clip) -> bool:
    return torch.equal(one.latents, other.latents) and np.array_equal(one.frames, other.frames)


def test_noise_depends_on_the_seed_alone() -> None:
    assert torch.equal(initial_noise(5, (4, 8, 8, 8)), initial_noise(5, (4, 8, 8, 8)))
    assert not torch.equal(initial_noise(5, (4, 8, 8, 8)), initial_noise(6, (4, 8, 8, 8)))
    assert initial_noise(2**63 - 1, (4, 8, 8, 8)).shape == (4, 8, 8, 8)


def test_noise_leaves_the_global_stream_alone() -> None:
    before = torch.random.get_rng_state()
    initial_noise(5, (4, 8, 8, 8))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_clips_do_not_depend_on_their_place_or_their_company(tiny_model: VideoFamily) -> None:
    clips = make_clips(tiny_model, PROMPTS, SEEDS, SAMPLER, batch_size=4)
    backwards = make_clips(tiny_model, PROMPTS[::-1], SEEDS[::-1], SAMPLER, batch_size=4)
    alone = make_clips(tiny_model, PROMPTS[2:3], SEEDS[2:3], SAMPLER, batch_size=4)
    assert all(same(one, other) for one, other in zip(clips, backwards[::-1], strict=True))
    assert same(alone[0], clips[2])


def test_a_clip_is_what_the_model_makes_of_its_noise(tiny_model: VideoFamily) -> None:
    clip = make_clips(tiny_model, PROMPTS[:1], SEEDS[:1], SAMPLER, batch_size=2)[0]
    noise = initial_noise(SEEDS[0], tiny_model.latent_shape)[None]
    latents = tiny_model.sample(tiny_model.encode(PROMPTS[:1]), noise, SAMPLER)
    torch.testing.assert_close(clip.latents, latents[0], rtol=0, atol=1e-4)
    assert clip.latents.shape == tiny_model.latent_shape
    assert clip.frames.shape == (8, 32, 32, 3)
    assert clip.frames.dtype == np.uint8


def test_no_prompts_make_no_clips(tiny_model: VideoFamily) -> None:
    assert make_clips(tiny_model, [], [], SAMPLER, batch_size=4) == []


def test_clips_that_are_not_numbers_are_refused(tiny_model: VideoFamily) -> None:
    with torch.no_grad():
        next(iter(tiny_model.trainable().values())).fill_(float("nan"))
    with pytest.raises(UserError, match="'a red circle moves left', seed 11 are not finite after 2 steps"):
        make_clips(tiny_model, PROMPTS[:1], SEEDS[:1], SAMPLER, batch_size=1)
