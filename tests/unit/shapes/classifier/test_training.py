"""The training that makes the weights: the same again, from the truth, and right about held-out scenes."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from vip.shapes.classifier.accuracy import accuracy_of
from vip.shapes.classifier.examples import example
from vip.shapes.classifier.network import FrameReader, Reading
from vip.shapes.classifier.reading import opened
from vip.shapes.classifier.training import OUTLINES, halved, loss_of, train
from vip.shapes.teacher.loop import Loop
from vip.training.checkpoints import CheckpointFolder

FEW_STEPS = Loop(steps=3, batch_size=4, learning_rate=1e-3, checkpoint_every=2)
SURE = 40.0


@pytest.fixture(scope="module")
def batch():
    drawn = (example(np.random.default_rng(seed)) for seed in range(40))
    pure = [each for each in drawn if each.shape.max() == 1][:16]
    return [replace(each, coverage=np.round(each.coverage)) for each in pure]


def perfect(batch):
    """What a network would tell that knows everything; of rounded coverages, so that no doubt is left."""
    words = torch.tensor([each.words for each in batch]).clamp(min=0)
    covered = torch.from_numpy(np.nan_to_num(np.stack([each.coverage for each in batch])))
    return Reading(
        shape=SURE * torch.from_numpy(np.stack([each.shape for each in batch])),
        colour=SURE * F.one_hot(words[:, 0], 6).float(),
        background=SURE * F.one_hot(words[:, 1], 3).float(),
        coverage=SURE * (2 * covered - 1),
    )


def test_who_knows_everything_has_no_loss_whatever_it_says_of_frames_without_a_shape(batch):
    assert any(each.words[0] < 0 for each in batch)
    assert float(loss_of(perfect(batch), batch)) == pytest.approx(0.0, abs=1e-5)


def test_the_loss_of_guessing_is_that_of_the_number_of_words_and_of_a_coin_for_each_pixel(batch):
    ignorant = Reading(**{name: torch.zeros_like(told) for name, told in vars(perfect(batch)).items()})
    expected = np.log(4 * 6 * 3) + OUTLINES * np.log(2)
    assert float(loss_of(ignorant, batch)) == pytest.approx(expected, rel=1e-5)


def test_training_goes_on_from_a_checkpoint_to_the_same_network_and_another_seed_leads_to_another(tmp_path):
    def trained(folder, seed=0):
        return train(CheckpointFolder(tmp_path / folder), FEW_STEPS, seed)[0].state_dict()

    one, other = trained("one"), trained("other", seed=1)
    last = tmp_path / "one" / "classifier" / "step_00000003"
    shutil.rmtree(last)
    continued = trained("one")
    assert last.is_dir()
    for name, weight in one.items():
        assert torch.equal(weight, continued[name])
    assert not torch.equal(one["maps.weight"], other["maps.weight"])


def test_weights_are_kept_in_half_precision_and_are_those_the_network_has():
    network = FrameReader()
    halves = halved(network)
    assert {tensor.dtype for tensor in halves.values()} == {torch.float16}
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, halves[name].float())


def test_the_shipped_network_is_right_about_scenes_that_were_held_out():
    found = {row["damage"]: row for row in accuracy_of(opened(), 18, seed=1)}
    clean = found.pop("none")
    for kind in ("shape", "colour", "background", "motion"):
        assert clean[kind] > 0.97, kind
        assert min(row[kind] for row in found.values()) > 0.85, kind
    assert clean["pixels"] < 0.15
