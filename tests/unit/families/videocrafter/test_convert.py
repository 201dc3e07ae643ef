"""From one checkpoint file to a folder that opens, samples and is called; and files that are refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import vip
from vip.errors import UserError
from vip.families.registry import family_named
from vip.families.videocrafter import convert as module
from vip.families.videocrafter.convert import ClipShape, convert
from vip.families.videocrafter.pipeline import VideoCrafterPipeline
from vip.types import Sampler

SHAPE = ClipShape(height=16, width=24, num_frames=4, fps=16)
State = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def file(checkpoint: State, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Lightning checkpoint as published: weights under `state_dict`."""
    path = tmp_path_factory.mktemp("published") / "model.ckpt"
    torch.save({"state_dict": checkpoint, "epoch": 3}, path)
    return path


@pytest.fixture(scope="module")
def folder(file: Path, tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("converted") / "videocrafter2"
    convert(file, target, SHAPE, str(tokenizer_folder))
    return target


def test_the_folder_opens_as_the_family(folder: Path) -> None:
    model = family_named("videocrafter2").open(folder)
    assert model.latent_shape == (4, 4, 8, 12)
    assert model.fps == 16
    assert model.record.licence == "apache-2.0"
    assert model.tokenizer.pad_token == "!"
    assert model.tokenizer.model_max_length == 16
    noise = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    latents = model.sample(model.encode(["a red circle"]), noise, Sampler(2, 3.0))
    assert torch.isfinite(latents).all()
    assert model.decode(latents).shape == (1, 4, 16, 24, 3)


def test_the_pipeline_can_be_called_saved_and_loaded(folder: Path, tmp_path: Path) -> None:
    pipeline = vip.load_pipeline(folder)
    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator().manual_seed(0)
    frames = pipeline("a red circle", num_inference_steps=2, generator=generator).frames
    assert np.asarray(frames).shape == (1, 4, 16, 24, 3)
    pipeline.save_pretrained(tmp_path / "saved")
    loaded = VideoCrafterPipeline.from_pretrained(tmp_path / "saved")
    loaded.set_progress_bar_config(disable=True)
    assert (loaded.config.fps, loaded.config.num_frames) == (16, 4)
    generator = torch.Generator().manual_seed(0)
    (again,) = loaded("a red circle", num_inference_steps=2, generator=generator, return_dict=False)
    assert np.array_equal(again, frames)


def test_a_call_may_ask_for_another_clip(folder: Path) -> None:
    pipeline = vip.load_pipeline(folder)
    pipeline.set_progress_bar_config(disable=True)

    def call(**options: object) -> torch.Tensor:
        generator = torch.Generator().manual_seed(0)
        return pipeline(
            ["a", "b"], num_inference_steps=2, generator=generator, output_type="latent", **options
        ).frames

    assert call(num_frames=3, height=32, width=16).shape == (2, 4, 3, 16, 8)
    plain = call()
    for change in ({"fps": 8}, {"eta": 1.0}, {"negative_prompt": "blurry"}, {"guidance_scale": 1.0}):
        assert not torch.equal(call(**change), plain)
    with pytest.raises(ValueError, match="both have to divide by 2"):
        call(height=15)


def test_a_safetensors_file_gives_the_same_folder(
    checkpoint: State, folder: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    save_file(checkpoint, tmp_path / "model.safetensors")
    convert(tmp_path / "model.safetensors", tmp_path / "target", SHAPE, str(tokenizer_folder))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        assert (tmp_path / "target" / path.relative_to(folder)).read_bytes() == path.read_bytes()


def write_pickle(path: Path) -> None:
    torch.save({"state_dict": {}, "callbacks": ClipShape()}, path)


def truncate(path: Path) -> None:
    torch.save({"w": torch.zeros(5000)}, path)
    path.write_bytes(path.read_bytes()[:-5000])


@pytest.mark.parametrize(
    ("write", "name", "complaint"),
    [
        (lambda path: None, "model.ckpt", "is missing; give the checkpoint file"),
        (write_pickle, "model.ckpt", "cannot be read as a checkpoint"),
        (truncate, "model.ckpt", "cannot be read as a checkpoint"),
        (lambda path: path.write_bytes(b"hello"), "model.ckpt", "model.ckpt"),
        (
            lambda path: path.write_bytes(b"hello"),
            "model.safetensors",
            "cannot be read as a checkpoint",
        ),
        (lambda path: torch.save([torch.zeros(1)], path), "model.ckpt", "holds no tensors"),
        (lambda path: torch.save({"w": torch.zeros(1)}, path), "m.ckpt", r"1 keys are missing \(model\.diff"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, write: Callable[[Path], None], name: str, complaint: str
) -> None:
    write(tmp_path / name)
    with pytest.raises(UserError, match=complaint) as raised:
        convert(tmp_path / name, tmp_path / "target", SHAPE)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "target").exists()


def test_a_schedule_of_another_model_is_refused(
    checkpoint: State, tokenizer_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.safetensors"
    save_file(checkpoint | {"scale_arr": torch.ones(1000)}, path)
    with pytest.raises(UserError, match="scale_arr in this checkpoint is not VideoCrafter2's"):
        convert(path, tmp_path / "target", SHAPE, str(tokenizer_folder))
    scales = torch.cat([torch.linspace(1, 0.7, 400), torch.full((1000,), 0.7)])
    save_file(checkpoint | {"scale_arr": scales}, path)
    convert(path, tmp_path / "target", SHAPE, str(tokenizer_folder))


def test_pixels_have_to_divide(file: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="height and width are 15 and 512; .* every 2 pixels"):
        convert(file, tmp_path / "target", ClipShape(height=15), str(tokenizer_folder))


def test_a_missing_tokenizer_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no CLIP tokenizer at .*nowhere.*--tokenizer") as raised:
        convert(file, tmp_path / "target", SHAPE, str(tmp_path / "nowhere"))
    assert "\n" not in str(raised.value)


def test_a_folder_that_holds_something_is_left_alone(
    file: Path, tokenizer_folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    convert(file, target, SHAPE, str(tokenizer_folder))
    index = (target / "model_index.json").read_bytes()
    with pytest.raises(UserError, match="target exists and is not empty"):
        convert(file, target, ClipShape(height=32, width=32), str(tokenizer_folder))
    assert (target / "model_index.json").read_bytes() == index


def test_nothing_is_left_of_a_conversion_that_failed(
    file: Path, tokenizer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(folder: Path, *_args: object, **_named: object) -> None:
        (folder / "unet").mkdir()
        raise OSError("disk full")

    monkeypatch.setattr(module, "save_components", fail)
    with pytest.raises(OSError, match="disk full"):
        convert(file, tmp_path / "target", SHAPE, str(tokenizer_folder))
    assert list(tmp_path.iterdir()) == []
