"""A dense export needs nothing of this package and gives the student's output."""

import re
from pathlib import Path

import pytest
import torch

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.dense import export_dense, neutral_weight
from vip.families.registry import family_named
from vip.types import PrunedStage, PruningRecord, Sampler

PROMPTS = ["a red circle moves left", "a blue square"]
REMOVED = {
    "animatediff": ["mid_block.motion_modules.0", "up_blocks.0.motion_modules.1"],
    "modelscope": ["input_blocks.1", "middle_block", "output_blocks.1", "output_blocks.4"],
    "videocrafter2": ["middle_block"],
}
FOLDERS = {
    "animatediff": "tiny_teacher",
    "modelscope": "tiny_modelscope",
    "videocrafter2": "tiny_videocrafter",
}


def saved_student(request: pytest.FixtureRequest, name: str, folder: Path) -> VideoFamily:
    model = family_named(name).open(request.getfixturevalue(FOLDERS[name]))
    model.remove(REMOVED[name], "module")
    parameters = sum(unit.parameters for unit in model.units("module"))
    stage = PrunedStage(1, tuple(REMOVED[name]), parameters + 1, parameters, 1, 1)
    model.record = PruningRecord("teacher", "apache-2.0", (stage,))
    model.save(folder)
    return model


@pytest.mark.parametrize("name", ["animatediff", "modelscope"])
def test_stock_diffusers_gives_the_student_s_clips(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    from diffusers import DiffusionPipeline

    student = saved_student(request, name, tmp_path / "student")
    export_dense(tmp_path / "student", tmp_path / "dense")
    assert not (tmp_path / "dense" / "pruning_record.json").exists()
    stock = DiffusionPipeline.from_pretrained(tmp_path / "dense")
    stock.set_progress_bar_config(disable=True)
    noise = torch.randn(2, *student.latent_shape, generator=torch.Generator().manual_seed(0))
    found = stock(
        PROMPTS,
        latents=noise,
        num_frames=student.latent_shape[1],
        height=student.frame_shape[1],
        width=student.frame_shape[2],
        num_inference_steps=3,
        guidance_scale=3.0,
        output_type="latent",
    ).frames
    expected = student.sample(student.encode(PROMPTS), noise, Sampler(3, 3.0))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["animatediff", "modelscope"])
def test_one_call_is_the_same_bit_for_bit(request: pytest.FixtureRequest, tmp_path: Path, name: str) -> None:
    student = saved_student(request, name, tmp_path / "student")
    export_dense(tmp_path / "student", tmp_path / "dense")
    dense = family_named(name).open(tmp_path / "dense")
    teacher = family_named(name).open(request.getfixturevalue(FOLDERS[name]))
    assert [unit.name for unit in dense.units("module")] == [unit.name for unit in teacher.units("module")]
    noisy = torch.randn(2, *student.latent_shape, generator=torch.Generator().manual_seed(1))
    words, timesteps = student.encode(PROMPTS), torch.tensor([10, 900])
    with torch.no_grad():
        found = dense.predict(dense.denoiser, noisy, timesteps, words)
        expected = student.predict(student.denoiser, noisy, timesteps, words)
    assert torch.equal(found, expected)


def test_what_is_not_in_stock_diffusers_cannot_be_exported(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    saved_student(request, "videocrafter2", tmp_path / "student")
    with pytest.raises(UserError, match="stock diffusers has no VideoCrafterPipeline.*vip.load_pipeline"):
        export_dense(tmp_path / "student", tmp_path / "dense")
    assert not (tmp_path / "dense").exists()


def test_a_folder_that_holds_something_is_left_alone(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    saved_student(request, "modelscope", tmp_path / "student")
    before = (tmp_path / "student" / "model_index.json").read_bytes()
    with pytest.raises(UserError, match=re.escape("student exists and is not empty")):
        export_dense(tmp_path / "student", tmp_path / "student")
    assert (tmp_path / "student" / "model_index.json").read_bytes() == before


def test_a_joining_layer_keeps_its_features() -> None:
    weight = neutral_weight("up_blocks.1.resnets.0.conv_shortcut.weight", torch.empty(3, 5, 1, 1))
    features, skip = torch.randn(1, 3, 2, 2), torch.randn(1, 2, 2, 2)
    kept = torch.nn.functional.conv2d(torch.cat([features, skip], dim=1), weight)
    assert torch.equal(kept, features)
    assert not neutral_weight("down_blocks.1.resnets.0.conv_shortcut.weight", torch.empty(3, 5, 1, 1)).any()
