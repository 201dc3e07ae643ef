"""The 3D U-Net teacher: its temporal layers before and after they wake, and what it can begin with."""

from pathlib import Path

import pytest
import torch

from vip.families.registry import family_named
from vip.shapes.teacher.architecture import TEXT_WIDTH
from vip.shapes.teacher.modelscope import TEMPORAL, TeacherBlueprint


@pytest.fixture
def made() -> TeacherBlueprint:
    torch.manual_seed(0)
    return TeacherBlueprint()


def difference_of_frames(made: TeacherBlueprint) -> float:
    """How much eight equal frames differ in the output, as a part of the output's spread."""
    generator = torch.Generator().manual_seed(0)
    frames = torch.randn(1, 4, 1, 8, 8, generator=generator).expand(-1, -1, 8, -1, -1)
    words = torch.randn(1, 32, TEXT_WIDTH, generator=generator)
    with torch.inference_mode():
        output = made.predict(made.denoiser, frames, torch.tensor([999]), words)
    return float(output.std(dim=2).mean() / output.std())


def test_frames_are_told_apart_once_its_temporal_layers_wake(made: TeacherBlueprint) -> None:
    assert made.for_pictures().asleep == TEMPORAL
    assert difference_of_frames(made) < 1e-6
    assert made.for_clips().asleep == ()
    assert difference_of_frames(made) > 0.02


def test_it_begins_with_all_that_the_first_teacher_has(made: TeacherBlueprint, tiny_teacher: Path) -> None:
    first = family_named("animatediff").open(tiny_teacher)
    made.begin_with(first)
    own, given = made.denoiser.state_dict(), first.denoiser.state_dict()
    for name, value in given.items():
        if "pos_embed" not in name:
            taken = own[name.replace("motion_modules", "temp_attentions")]
            assert torch.equal(taken.flatten(), value.flatten()), name
    made.for_clips()
    assert torch.equal(made.denoiser.transformer_in.proj_out.weight, torch.zeros(32, 64))
    for embedded, theirs in zip(
        made.clip_words.encoder.parameters(), first.text_encoder.parameters(), strict=True
    ):
        assert torch.equal(embedded, theirs)


def test_nothing_in_it_is_drawn_at_random_while_it_learns(made: TeacherBlueprint) -> None:
    made.for_clips()
    made.denoiser.train()
    noisy, words = torch.ones(1, 4, 8, 8, 8), torch.ones(1, 32, TEXT_WIDTH)
    with torch.no_grad():
        outputs = [made.predict(made.denoiser, noisy, torch.tensor([5]), words) for _ in range(2)]
    assert torch.equal(*outputs)
