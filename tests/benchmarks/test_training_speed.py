"""A training step costs one forward and one backward pass, and little else.

pytest -m benchmark tests/benchmarks/test_training_speed.py    (ten seconds)

Measured in CPU time on one thread, against the bare passes in the same process: a busy machine slows both.
"""

import time
from itertools import pairwise
from statistics import median

import pandas as pd
import pytest
import torch
from tests.tiny.training import tiny_training

from vip.families.folder import ModelFolder
from vip.training.batches import PairClips
from vip.training.checkpoints import CheckpointFolder
from vip.training.feeding import Feed
from vip.training.optimisation import only_trainable
from vip.training.pairs import PreferencePair
from vip.training.reference import reference_predictions
from vip.training.train import train
from vip.types import Clip, Items

PAIRS = [PreferencePair(f"p{i}", "red circle moves to left", f"w{i}", f"l{i}") for i in range(2)]
SETTINGS = tiny_training(
    reference="initial", epochs=6, ema_decay=0.99, checkpoint_every=100, gradient_norm_every=100
)


@pytest.mark.benchmark
def test_a_step_is_one_forward_and_one_backward_pass(tiny_folder, tmp_path, monkeypatch) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        bare, step = (
            seconds_of_bare_passes(tiny_folder),
            seconds_of_a_step(tiny_folder, tmp_path, monkeypatch),
        )
    finally:
        torch.set_num_threads(threads)
    assert step < 1.6 * bare, f"a step took {step:.3f} s, its two passes alone take {bare:.3f} s"


def seconds_of_bare_passes(folder: ModelFolder) -> float:
    family = folder.open()
    only_trainable(family)
    noisy, timesteps = torch.randn(4, *family.latent_shape), torch.tensor([1, 100, 500, 900])
    conditioning = family.encode([PAIRS[0].prompt] * 4)
    times = [time.process_time()]
    for _ in range(5):
        family.predict(family.denoiser, noisy, timesteps, conditioning).square().mean().backward()
        times.append(time.process_time())
    return median_difference(times)


def seconds_of_a_step(folder: ModelFolder, tmp_path, monkeypatch) -> float:
    shape = folder.open().latent_shape
    clips = PairClips(clips_of("w", shape), clips_of("l", shape))
    lazy = reference_predictions(folder, PAIRS, clips, SETTINGS)
    keys = list(lazy.table["key"])
    made = dict(zip(keys, lazy.make_batch(keys), strict=True))
    times: list[float] = []
    batches = Feed.batches

    def timed(feed, step):
        times.append(time.process_time())
        return batches(feed, step)

    monkeypatch.setattr(Feed, "batches", timed)
    predictions = Items(lazy.table, made.__getitem__)
    train(folder, folder, PAIRS, clips, predictions, CheckpointFolder(tmp_path), SETTINGS)
    return median_difference(times[1:])  # the first step measures gradient norms


def clips_of(letter: str, shape) -> Items[Clip]:
    made = {f"{letter}{i}": Clip(torch.randn(shape), None) for i in range(2)}
    return Items(pd.DataFrame({"key": list(made)}), made.__getitem__)


def median_difference(times: list[float]) -> float:
    return median(after - before for before, after in pairwise(times))
