"""Fixtures shared by all tests: tiny random text-to-video models of the real classes."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.chat_process import ChatProcess

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
    from tests.tiny import unet3d

    folder = tmp_path_factory.mktemp("models") / "tiny_modelscope"
    unet3d.build_modelscope(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_videocrafter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved random VideoCrafter2 folder around a U-Net of three levels."""
    from tests.tiny import unet3d

    folder = tmp_path_factory.mktemp("models") / "tiny_videocrafter"
    unet3d.build_videocrafter(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_folder_of(tmp_path_factory: pytest.TempPathFactory, tiny_teacher: Path) -> Callable[[str], Path]:
    """Saves a tiny model of `tests.tiny.models`, by its name there, when it is first asked for."""
    folders = {"animatediff": tiny_teacher}

    def folder_of(name: str) -> Path:
        from tests.tiny.models import TINY

        if name not in folders:
            folders[name] = tmp_path_factory.mktemp("models") / name
            TINY[name].build(folders[name])
        return folders[name]

    return folder_of


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
    from vip.shapes.teacher import animatediff, architecture

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        tokenizer = architecture.build_tokenizer()
        components = {
            "unet": animatediff.build_spatial_denoiser(),
            "motion_adapter": animatediff.build_motion_adapter(),
            "vae": architecture.build_autoencoder(),
            "text_encoder": architecture.build_text_encoder(tokenizer),
            "tokenizer": tokenizer,
            "scheduler": architecture.build_scheduler(),
        }
        _wake_motion_modules(components["motion_adapter"])
    components["vae"].register_to_config(scaling_factor=0.8)
    save_components(folder, "AnimateDiffPipeline", components)


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


@pytest.fixture(scope="session")
def tiny_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved tiny chat model that says yes to `moves`, with a file of questions beside it."""
    from tests.tiny import chat

    return chat.save_chat_model(tmp_path_factory.mktemp("models") / "tiny_chat")


@pytest.fixture(scope="session")
def chat_process(tiny_chat_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatProcess]:
    """That model behind an OpenAI-compatible server, in a process of its own."""
    log = tmp_path_factory.mktemp("server") / "log.jsonl"
    log.touch()
    server = ChatProcess(tiny_chat_model, log).start()
    yield server
    server.stop()
