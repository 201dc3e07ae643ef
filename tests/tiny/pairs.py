"""A training of two steps for any tiny model: on pairs of random clips, held against its own first weights.

torchrun --nproc_per_node=2 -m tests.tiny.pairs FOLDER_OF_CHECKPOINTS JSON_OF_SETTINGS NAME=FOLDER ...
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tests.tiny.training import tiny_training

from vip.families.folder import ModelFolder
from vip.training.batches import PairClips
from vip.training.checkpoints import CheckpointFolder
from vip.training.pairs import PreferencePair
from vip.training.reference import reference_predictions
from vip.training.train import Trained, train
from vip.types import Clip, Items

PAIRS = [PreferencePair(f"pair{i}", prompt, f"full{i}", f"pruned{i}") for i, prompt in enumerate("aba")]
"""A batch of two, one a process, and one of a single pair, of which the second process gets none."""
SETTINGS = tiny_training(
    reference="initial",
    beta=1000.0,
    sft_weight=1.0,
    checkpoint_every=2,
    reference_batch_size=1,
    gradient_checkpointing=True,
)


def train_two_steps(name: str, folder: Path, checkpoints: Path, **changes: Any) -> Trained:
    """Two optimizer steps, whose weights lie in the checkpoints in the end."""
    from tests.tiny.models import TINY

    settings = replace(SETTINGS, **changes)
    model = ModelFolder(folder, TINY[name].family, name)
    shape = model.open().latent_shape
    clips = PairClips(_clips("full", shape, 1), _clips("pruned", shape, 2))
    lazy = reference_predictions(model, PAIRS, clips, settings)
    made = dict(zip(lazy.table["key"], lazy.make_batch(list(lazy.table["key"])), strict=True))
    references: Items[Any] = Items(lazy.table, made.__getitem__)
    return train(model, model, PAIRS, clips, references, CheckpointFolder(checkpoints), settings)


def _clips(kind: str, shape: tuple[int, ...], seed: int) -> dict[str, Clip]:
    generator = torch.Generator().manual_seed(seed)
    latents = [torch.randn(shape, generator=generator) for _ in PAIRS]
    return {f"{kind}{i}": Clip(clip, None) for i, clip in enumerate(latents)}


if __name__ == "__main__":
    for named in sys.argv[3:]:
        kind, _, where = named.partition("=")
        train_two_steps(kind, Path(where), Path(sys.argv[1]) / kind, **json.loads(sys.argv[2]))
