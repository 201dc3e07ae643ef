"""The teachers' training, a few steps of it: what it saves, stock diffusers loads, and so do we."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch

from vip.errors import UserError
from vip.families.folder import ModelFolder
from vip.families.registry import family_of_folder
from vip.pipelines.teacher_training.config import TeacherTraining
from vip.pipelines.teacher_training.nodes import train_teacher
from vip.shapes.teacher import clips
from vip.shapes.teacher.blueprints import Architecture
from vip.training.checkpoints import CheckpointFolder
from vip.types import Sampler

pytestmark = pytest.mark.xdist_group("teacher_training")

LOOP = {"steps": 2, "batch_size": 2, "learning_rate": 1e-3, "warmup_steps": 1, "checkpoint_every": 1}
SETTINGS = TeacherTraining(
    autoencoder={"whole": LOOP, "decoder": LOOP},
    denoiser={"pictures": LOOP, "centred": LOOP, "clips": LOOP},
    architecture="animatediff",
    placements=1,
    seed=0,
)
LATER = replace(SETTINGS, autoencoder=None, own_autoencoder=LOOP)
ROUNDS = {
    "animatediff": ("autoencoder", "decoder", "pictures", "centred", "clips"),
    "modelscope": ("pictures", "centred", "clips"),
    "wan": ("own_autoencoder", "pictures", "centred", "clips"),
}
UNITS = {"animatediff": 11, "modelscope": 9, "wan": 8}
Made = dict[str, tuple[Path, list[str]]]


@pytest.fixture(scope="module")
def few_scenes() -> Iterator[None]:
    """Sixteen scenes are enough to train on for two steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clips, "_training_scenes", lambda: list(range(16)))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, few_scenes: None) -> Made:
    """Every teacher and the order of its trainings; the first from nothing, the others from the first."""
    folder, found, first = tmp_path_factory.mktemp("teacher_training"), {}, None
    for name in get_args(Architecture):
        settings = replace(LATER if first else SETTINGS, architecture=name)
        teacher, curve = train_teacher(first, CheckpointFolder(folder / name / "checkpoints"), settings)
        target = folder / name / "teacher"
        target.mkdir()
        teacher.save(target)
        found[name] = (target, list(curve["training"]))
        first = first or ModelFolder(target, name, "")
    return found


@pytest.fixture(params=get_args(Architecture))
def one(request: pytest.FixtureRequest, made: Made) -> tuple[str, Path]:
    return request.param, made[request.param][0]


def test_the_trainings_in_their_order(made: Made) -> None:
    for name, (_, trainings) in made.items():
        assert trainings == [training for training in ROUNDS[name] for _ in range(2)]


def test_stock_diffusers_loads_it(one: tuple[str, Path]) -> None:
    from diffusers import DiffusionPipeline

    pipeline: Any = DiffusionPipeline.from_pretrained(one[1], dtype=torch.float32)
    denoiser, prediction = {
        "animatediff": ("UNetMotionModel", "v_prediction"),
        "modelscope": ("UNet3DConditionModel", "v_prediction"),
        "wan": ("WanTransformer3DModel", "flow_prediction"),
    }[one[0]]
    loaded = pipeline.transformer if one[0] == "wan" else pipeline.unet
    assert type(loaded).__name__ == denoiser
    assert pipeline.scheduler.config.prediction_type == prediction


def test_it_makes_clips_of_the_shapes_world(one: tuple[str, Path]) -> None:
    model = family_of_folder(one[1]).open(one[1])
    assert model.name == one[0]
    noise = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    latents = model.sample(model.encode(["a red circle moves left"]), noise, Sampler(2, 2.0))
    assert model.decode(latents).shape == (1, *model.frame_shape) == (1, 8, 32, 32, 3)


def test_it_is_small_and_has_units_to_remove(one: tuple[str, Path]) -> None:
    name, folder = one
    assert sum(file.stat().st_size for file in folder.rglob("*")) < 10e6
    assert not list(folder.rglob("*.bin"))
    units = family_of_folder(folder).open(folder).units("module")
    assert sum(unit.removable for unit in units) == UNITS[name]


def test_all_teachers_have_the_same_latents(made: Made) -> None:
    first, second = (family_of_folder(made[n][0]).open(made[n][0]) for n in ("animatediff", "modelscope"))
    assert first.latent_shape == second.latent_shape
    for mine, theirs in zip(first.vae.parameters(), second.vae.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_checkpoints_of_other_settings_are_refused(made: Made) -> None:
    checkpoints = CheckpointFolder(made["animatediff"][0].parent / "checkpoints")
    with pytest.raises(UserError, match="placements is 1 there and 2 now.*move .*autoencoder away"):
        train_teacher(None, checkpoints, replace(SETTINGS, placements=2))


def test_checkpoints_begun_with_another_teacher_are_refused(made: Made) -> None:
    checkpoints = CheckpointFolder(made["modelscope"][0].parent / "checkpoints")
    other = ModelFolder(made["animatediff"][0], "animatediff", "another")
    with pytest.raises(UserError, match="first_teacher is '' there and 'another' now"):
        train_teacher(other, checkpoints, replace(LATER, architecture="modelscope"))


def test_where_the_autoencoder_comes_from_must_be_said_once(tmp_path: Path, made: Made) -> None:
    checkpoints, first = CheckpointFolder(tmp_path), ModelFolder(made["animatediff"][0], "animatediff", "")
    for source, settings in ((first, SETTINGS), (None, LATER)):
        with pytest.raises(UserError, match="first_teacher.*set one of them, and the other to null"):
            train_teacher(source, checkpoints, settings)


def test_an_autoencoder_of_another_class_needs_settings(tmp_path: Path, made: Made) -> None:
    first = ModelFolder(made["animatediff"][0], "animatediff", "")
    settings = replace(LATER, architecture="wan", own_autoencoder=None)
    with pytest.raises(UserError, match="own_autoencoder is null"):
        train_teacher(first, CheckpointFolder(tmp_path), settings)
