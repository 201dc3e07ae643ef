"""The teacher's training, a few steps of it: what it saves, stock diffusers loads."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vip.errors import UserError
from vip.families.animatediff import AnimateDiff
from vip.pipelines.teacher_training.config import TeacherTraining
from vip.pipelines.teacher_training.nodes import train_teacher
from vip.training.checkpoints import CheckpointFolder

LOOP = {"steps": 2, "batch_size": 2, "learning_rate": 1e-3, "warmup_steps": 1, "checkpoint_every": 1}
SETTINGS = TeacherTraining(
    autoencoder={"whole": LOOP, "decoder": LOOP},
    denoiser={"pictures": LOOP, "centred": LOOP, "clips": LOOP},
    placements=1,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("teacher_training")
    checkpoints = CheckpointFolder(folder / "checkpoints")
    teacher, curve = train_teacher(checkpoints, SETTINGS)
    (folder / "teacher").mkdir()
    teacher.save(folder / "teacher")
    return folder / "teacher", list(curve["training"])


def test_the_trainings_in_their_order(made: tuple[Path, list[str]]) -> None:
    rounds = ("autoencoder", "decoder", "pictures", "centred", "clips")
    assert made[1] == [name for name in rounds for _ in range(2)]


def test_stock_diffusers_loads_it(made: tuple[Path, list[str]]) -> None:
    from diffusers import AnimateDiffPipeline

    pipeline = AnimateDiffPipeline.from_pretrained(made[0], dtype=torch.float32)
    assert type(pipeline.unet).__name__ == "UNetMotionModel"
    assert pipeline.scheduler.config.prediction_type == "v_prediction"


def test_it_is_small_and_has_eleven_units(made: tuple[Path, list[str]]) -> None:
    assert sum(file.stat().st_size for file in made[0].rglob("*.safetensors")) < 15 * 2**20
    assert not list(made[0].rglob("*.bin"))
    assert len(AnimateDiff.open(made[0]).units("module")) == 11


def test_checkpoints_of_other_settings_are_refused(made: tuple[Path, list[str]]) -> None:
    checkpoints = CheckpointFolder(made[0].parent / "checkpoints")
    with pytest.raises(UserError, match="placements is 1 there and 2 now.*move .*autoencoder away"):
        train_teacher(checkpoints, replace(SETTINGS, placements=2))
