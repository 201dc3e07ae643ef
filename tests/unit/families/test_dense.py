"""A dense export needs nothing of this package and gives the student's output."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.dense import export_dense, neutral_weight
from vip.families.registry import family_named
from vip.types import PrunedStage, PruningRecord, Sampler

PROMPTS = ["a red circle moves left", "a blue square"]
REMOVED = {
    "animatediff": ["mid_block.motion_modules.0", "up_blocks.0.motion_modules.1"],
    "modelscope": ["input_blocks.1", "middle_block", "output_blocks.1", "output_blocks.4"],
    "videocrafter2": ["input_blocks.1", "middle_block", "output_blocks.1", "output_blocks.4"],
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


WITHOUT_THIS_PACKAGE = """
import sys
sys.modules["vip"] = None
from diffusers import DiffusionPipeline
from safetensors.torch import load_file, save_file
folder, noise, found, *prompts = sys.argv[1:]
pipeline = DiffusionPipeline.from_pretrained(folder, trust_remote_code=True)
sizes = {"num_frames": 8, "height": 32, "width": 32}
steps = {"num_inference_steps": 3, "guidance_scale": 3.0, "output_type": "latent"}
frames = pipeline(prompts, latents=load_file(noise)["noise"], **sizes, **steps).frames
save_file({"latents": frames.contiguous()}, found)
"""


def test_videocrafter_too_needs_nothing_of_this_package(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """The frame rate is in a bias, the scheduler's code in the folder; that process may not import vip."""
    student = saved_student(request, "videocrafter2", tmp_path / "student")
    told = export_dense(tmp_path / "student", tmp_path / "dense")
    assert told.endswith('dense", trust_remote_code=True)')
    noise = torch.randn(2, *student.latent_shape, generator=torch.Generator().manual_seed(0))
    save_file({"noise": noise}, tmp_path / "noise")
    files = [str(tmp_path / name) for name in ("dense", "noise", "found")]
    subprocess.run(
        [sys.executable, "-c", WITHOUT_THIS_PACKAGE, *files, *PROMPTS],
        env=os.environ | {"HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"},
        check=True,
        capture_output=True,
        timeout=300,
    )
    found = load_file(tmp_path / "found")["latents"]
    expected = student.sample(student.encode(PROMPTS), noise, Sampler(3, 3.0))
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()


def test_a_transformer_s_student_needs_no_export(
    tiny_folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"stock diffusers loads it as it is \(WanPipeline.from_pretrained\)"):
        export_dense(tiny_folder_of("wan"), tmp_path / "dense")
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
