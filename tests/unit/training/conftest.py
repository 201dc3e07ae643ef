"""A video family of a few dozen parameters, and preference pairs for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny.training import tiny_training
from torch import Tensor, nn

from vip.families.base import VideoFamily
from vip.pipelines.redpo_training.config import ReDPOTraining
from vip.training.batches import PairClips
from vip.training.checkpoints import CheckpointFolder
from vip.training.feeding import Feed, reference_keys
from vip.training.pairs import PreferencePair
from vip.training.reference import reference_predictions
from vip.training.train import Trained, train
from vip.types import Clip, Items, LazyMap, PruningRecord

SHAPE = (2, 3, 4, 4)


class TinyDenoiser(nn.Module):
    """A frozen spatial layer, dropout that must stay off, and a trainable motion layer over frames."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.spatial = nn.Conv3d(2, 2, 1)
        self.motion = nn.Linear(3, 3)
        self.dropout = nn.Dropout(0.5)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))

    def forward(self, noisy: Tensor, timesteps: Tensor, text: Tensor) -> Tensor:
        hidden = self.spatial(noisy)
        moved = self.motion(hidden.transpose(2, -1)).transpose(2, -1)
        scale = (text.mean(1) + timesteps / 1000)[:, None, None, None, None]
        return self.dropout(hidden + torch.tanh(moved) * scale)


class TinyFamily(VideoFamily):
    """A family whose forward process is a straight line between clip and noise."""

    name = "tiny"
    pipeline_class = "TinyPipeline"
    latent_shape = SHAPE
    frames_per_second = 8
    record = PruningRecord("", "")

    def __init__(self, seed: int) -> None:
        self.denoiser = TinyDenoiser(seed).eval()
        self.encoded: list[str] = []
        self.before_predict: Callable[[], None] = lambda: None

    def trainable(self) -> dict[str, nn.Parameter]:
        return {name: value for name, value in self.denoiser.named_parameters() if name.startswith("motion")}

    def feature_paths(self) -> dict[str, str]:
        return {"frozen": "spatial", "trained": "motion"}

    def encode(self, prompts: Sequence[str]) -> dict[str, Tensor]:
        self.encoded += prompts
        return {"text": torch.tensor([[len(prompt) / 10, prompt.count("a") / 5] for prompt in prompts])}

    def timesteps(self, generator: torch.Generator, count: int) -> Tensor:
        return torch.randint(0, 1000, (count,), generator=generator)

    def add_noise(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        share = (timesteps / 1000)[:, None, None, None, None]
        return (1 - share) * clean + share * noise

    def target(self, clean: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        return noise

    def predict(self, denoiser: nn.Module, noisy: Tensor, timesteps: Tensor, conditioning: Any) -> Tensor:
        self.before_predict()
        predicted: Tensor = denoiser(noisy, timesteps, conditioning["text"])
        return predicted


TinyFamily.__abstractmethods__ = frozenset()  # it has what training asks for, and no more


@dataclass
class TinyFolder:
    """A model folder that makes its model instead of loading it, and remembers what it opened."""

    seed: int
    opened: list[TinyFamily] = field(default_factory=list)
    prepare: Callable[[TinyFamily], None] = lambda family: None
    family: str = "tiny"
    path: Path = Path("tiny")

    @property
    def fingerprint(self) -> str:
        return f"model {self.seed}"

    def open(self, device: str = "cpu", loading: object = None, *, training: bool = False) -> TinyFamily:
        family = TinyFamily(self.seed)
        self.prepare(family)
        self.opened.append(family)
        return family


@dataclass
class World:
    """Everything a training needs, in memory; `settings` is what tests change."""

    teacher: TinyFolder
    pruned: TinyFolder
    pairs: list[PreferencePair]
    clips: PairClips
    checkpoints: CheckpointFolder

    def settings(self, **changes: Any) -> ReDPOTraining:
        values: dict[str, Any] = {
            "beta": 10.0,
            "sft_weight": 2.0,
            "learning_rate": 0.01,
            "epochs": 2,
            "batch_size": 3,
            "gradient_clip": 0.0,
            "checkpoint_every": 2,
            "reference_batch_size": 4,
        }
        return tiny_training(**values | changes)

    def predictions(self, settings: ReDPOTraining) -> Items[dict[str, Tensor]]:
        model = self.teacher if settings.reference == "teacher" else self.pruned
        return made(reference_predictions(model, self.pairs, self.clips, settings))

    def train(self, checkpoints: CheckpointFolder | None = None, **changes: Any) -> Trained:
        settings = self.settings(**changes)
        folder = checkpoints or self.checkpoints
        reference = self.teacher if settings.reference == "teacher" else self.pruned
        predictions = self.predictions(settings)
        return train(self.pruned, reference, self.pairs, self.clips, predictions, folder, settings)

    def feed(
        self, family: TinyFamily | None = None, process: int = 0, processes: int = 1, **changes: Any
    ) -> Feed:
        settings = self.settings(**changes)
        predictions = self.predictions(settings)
        keys = reference_keys(predictions, self.pairs, settings, self.teacher.fingerprint)
        student = family or self.pruned.open()
        return Feed(student, self.pairs, self.clips, predictions, keys, settings, "cpu", process, processes)

    def stop_before(self, call: int, stop: type[BaseException] = KeyboardInterrupt) -> list[int]:
        """Let the student's call of that number be interrupted; the list grows with every call."""
        calls: list[int] = []

        def prepare(family: TinyFamily) -> None:
            def before_predict() -> None:
                calls.append(1)
                if len(calls) == call:
                    raise stop

            family.before_predict = before_predict

        self.pruned.prepare = prepare
        return calls

    def stopped(self, calls: int, stop: type[BaseException] = KeyboardInterrupt, **changes: Any) -> None:
        """A training that was stopped after so many calls of the student."""
        self.stop_before(calls + 1, stop)
        with pytest.raises(stop):
            self.train(**changes)
        self.pruned.prepare = lambda family: None


def made(lazy: LazyMap[Any]) -> Items[Any]:
    """All items of a lazy map, made in batches of its own size."""
    keys = list(dict.fromkeys(lazy.table["key"]))
    items: dict[str, Any] = {}
    for start in range(0, len(keys), lazy.batch_size):
        chunk = keys[start : start + lazy.batch_size]
        items |= dict(zip(chunk, lazy.make_batch(chunk), strict=True))
    return Items(lazy.table, items.__getitem__)


def clips_of(keys: Sequence[str], seed: int, mean: float) -> Mapping[str, Clip]:
    generator = torch.Generator().manual_seed(seed)
    return {key: Clip(mean + torch.randn(SHAPE, generator=generator), None) for key in keys}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A tiny world with its checkpoints in the test's own folder."""
    return tiny_world(tmp_path)


@pytest.fixture
def elsewhere(tmp_path: Path) -> CheckpointFolder:
    """Another folder of checkpoints."""
    return CheckpointFolder(tmp_path / "elsewhere")


def tiny_world(folder: Path) -> World:
    """Seven pairs of five prompts, a teacher and a pruned model of other weights."""
    pairs = [
        PreferencePair(f"pair{i}", f"a prompt {'a' * (i % 5)}", f"full{i % 6}", f"pruned{i}")
        for i in range(7)
    ]
    clips = PairClips(
        clips_of([f"full{i}" for i in range(6)], seed=1, mean=1.0),
        clips_of([f"pruned{i}" for i in range(7)], seed=2, mean=-1.0),
    )
    return World(TinyFolder(11), TinyFolder(12), pairs, clips, CheckpointFolder(folder / "checkpoints"))
