"""Fixtures shared by all tests: tiny random text-to-video models of the real classes."""

import hashlib
from pathlib import Path

import pytest

from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.registry import family_named


@pytest.fixture(scope="session")
def tiny_teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved random AnimateDiff folder of the shapes world's size, float32, whose motion modules matter."""
    folder = tmp_path_factory.mktemp("models") / "tiny_teacher"
    build_tiny_teacher(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_modelscope(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved random ModelScope folder around a U-Net of three levels."""
    folder = tmp_path_factory.mktemp("models") / "tiny_modelscope"
    build_tiny_unet3d(folder, "TextToVideoSDPipeline")
    return folder


@pytest.fixture(scope="session")
def tiny_videocrafter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved random VideoCrafter2 folder around a U-Net of three levels."""
    folder = tmp_path_factory.mktemp("models") / "tiny_videocrafter"
    build_tiny_unet3d(folder, "VideoCrafterPipeline")
    return folder


@pytest.fixture
def tiny_folder(tiny_teacher: Path) -> ModelFolder:
    """The tiny teacher as nodes receive it."""
    return ModelFolder(tiny_teacher, "animatediff", folder_hash(tiny_teacher))


@pytest.fixture
def tiny_model(tiny_teacher: Path) -> VideoFamily:
    """The tiny teacher, opened afresh for each test."""
    return family_named("animatediff").open(tiny_teacher)


def build_tiny_teacher(folder: Path, seed: int = 0) -> None:
    """Write the shapes world's untrained architecture with random weights as a stock diffusers folder."""
    import torch

    from vip.families.storage import save_components
    from vip.shapes.teacher import architecture

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tokenizer = architecture.build_tokenizer()
        components = {
            "unet": architecture.build_spatial_denoiser(),
            "motion_adapter": architecture.build_motion_adapter(),
            "vae": architecture.build_autoencoder(),
            "text_encoder": architecture.build_text_encoder(tokenizer),
            "tokenizer": tokenizer,
            "scheduler": architecture.build_scheduler(),
        }
        _wake_motion_modules(components["motion_adapter"])
    components["vae"].register_to_config(scaling_factor=0.8)
    save_components(folder, "AnimateDiffPipeline", components)


def build_tiny_unet3d(folder: Path, pipeline_class: str, seed: int = 0) -> None:
    """Write random weights around a 3D U-Net as a folder of that pipeline class: one layer a level."""
    import torch
    from diffusers import DDIMScheduler, UNet3DConditionModel

    from vip.families.storage import save_components
    from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
    from vip.families.videocrafter.unet import VideoCrafterUNet
    from vip.shapes.teacher import architecture

    ours = pipeline_class == "VideoCrafterPipeline"
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tokenizer = architecture.build_tokenizer()
        unet = (VideoCrafterUNet if ours else UNet3DConditionModel)(
            sample_size=(8, 8) if ours else 8,
            down_block_types=("CrossAttnDownBlock3D", "CrossAttnDownBlock3D", "DownBlock3D"),
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
            block_out_channels=(32, 32, 64),
            layers_per_block=1,
            norm_num_groups=8,
            cross_attention_dim=architecture.TEXT_WIDTH,
            attention_head_dim=8,
        )
        _wake_temporal_convolutions(unet)
        schedule = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
        stock = DDIMScheduler(**schedule, clip_sample=False, set_alpha_to_one=False, steps_offset=1)
        components = {
            "unet": unet,
            "vae": architecture.build_autoencoder(),
            "text_encoder": architecture.build_text_encoder(tokenizer),
            "tokenizer": tokenizer,
            "scheduler": ScaledDDIMScheduler() if ours else stock,
        }
    options = {"fps": 28, "num_frames": 8} if ours else {}
    save_components(folder, pipeline_class, components, **options)


def folder_hash(folder: Path) -> str:
    """One hash over the names and bytes of all files of a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _wake_motion_modules(adapter: "object") -> None:
    """Give every output projection random weights, so that removing a motion module changes the video."""
    import torch
    from torch import nn

    assert isinstance(adapter, nn.Module)
    with torch.no_grad():
        for name, parameter in adapter.named_parameters():
            if "proj_out" in name:
                parameter.normal_(std=0.2)


def _wake_temporal_convolutions(unet: "object") -> None:
    """Their last layers begin as zeros, which would make tests of them prove nothing."""
    import torch
    from torch import nn

    assert isinstance(unet, nn.Module)
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if "temp_convs" in name and ".conv4." in name:
                parameter.normal_(std=0.1)
