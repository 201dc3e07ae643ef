"""The tokenizer, the motion modules and the noise schedule of the embedded teacher."""

import pytest
import torch
from diffusers import UNetMotionModel

from vip.shapes.captions import vocabulary
from vip.shapes.teacher.animatediff import build_motion_adapter, build_spatial_denoiser
from vip.shapes.teacher.architecture import TEXT_WIDTH, build_scheduler, build_tokenizer, learn_merges


def test_the_most_frequent_pair_is_merged_first_and_of_equals_the_first() -> None:
    assert learn_merges(["abc", "xbc", "xd"]) == [
        ("b", "c</w>"),
        ("a", "bc</w>"),
        ("x", "bc</w>"),
        ("x", "d</w>"),
    ]


@pytest.mark.parametrize("word", vocabulary())
def test_each_word_is_one_token_and_comes_back(word: str) -> None:
    tokenizer = build_tokenizer()
    start, *tokens, end = tokenizer(word).input_ids
    assert (start, end) == (tokenizer.bos_token_id, tokenizer.eos_token_id)
    assert len(tokens) == 1
    assert tokenizer.decode(tokens).strip() == word


def test_untrained_motion_modules_tell_equal_frames_apart() -> None:
    torch.manual_seed(0)
    denoiser = UNetMotionModel.from_unet2d(build_spatial_denoiser(), build_motion_adapter())
    frames = torch.randn(1, 4, 1, 8, 8).expand(-1, -1, 8, -1, -1)
    words = torch.randn(1, 32, TEXT_WIDTH).expand(8, -1, -1)
    with torch.inference_mode():
        output = denoiser(frames, torch.tensor([999]), words).sample
    assert output.std(dim=2).mean() > 0.02 * output.std()


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
