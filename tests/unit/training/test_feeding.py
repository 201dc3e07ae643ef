"""What a step is fed: its own pairs, each prompt embedded once, and predictions of this very run."""

from dataclasses import replace

import pytest
import torch

from vip.errors import UserError
from vip.training.draws import Step
from vip.training.feeding import Feed, reference_keys


def feed_of(world, process: int = 0, processes: int = 1, **changes) -> Feed:
    settings = world.settings(**changes)
    references = world.predictions(settings)
    keys = reference_keys(references, world.pairs, settings, world.pruned.fingerprint)
    return Feed(
        world.pruned.open(), world.pairs, world.clips, references, keys, settings, "cpu", process, processes
    )


def test_every_prompt_is_embedded_once(world) -> None:
    feed = feed_of(world)
    for step in (Step(0, (0, 1, 2)), Step(0, (3, 4, 5, 6)), Step(1, (6, 5))):
        feed.batch(step)
    assert sorted(feed.family.encoded) == sorted({pair.prompt for pair in world.pairs})
    assert not any(tensor.requires_grad for tensor in feed.embeddings[world.pairs[0].prompt].values())


def test_predictions_belong_to_their_samples(world) -> None:
    feed = feed_of(world)
    batch, teacher = feed.batch(Step(1, (5, 2, 6))), world.teacher.open()
    with torch.no_grad():
        expected = teacher.predict(
            teacher.denoiser, batch.samples.noisy, batch.samples.timesteps, batch.conditioning
        )
    torch.testing.assert_close(batch.reference, expected)


def test_processes_share_a_step(world) -> None:
    step = Step(0, (6, 1, 3, 0, 5))
    whole = feed_of(world).batch(step)
    parts = [feed_of(world, process, 2).batch(step) for process in (0, 1)]
    assert [part.share for part in parts] == [6 / 5, 4 / 5]
    rows = [[0, 2, 4], [1, 3]]
    for part, own in zip(parts, rows, strict=True):
        assert torch.equal(part.samples.noisy, whole.samples.noisy[own + [5 + row for row in own]])


def test_a_process_without_a_pair_counts_for_nothing(world) -> None:
    part = feed_of(world, process=1, processes=2).batch(Step(0, (4,)))
    assert part.share == 0
    assert len(part.samples.noisy) == 2


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"epochs": 3}, {"shared_noise": True}, {"reference_batch_size": 2}]
)
def test_predictions_of_other_settings_are_refused(world, change) -> None:
    references = world.predictions(world.settings())
    with pytest.raises(
        UserError, match=r"of the \d+ reference predictions .* run the node reference_predictions"
    ):
        reference_keys(references, world.pairs, world.settings(**change), world.pruned.fingerprint)


def test_predictions_of_the_teacher_do_not_stand_for_the_initial_model_s(world) -> None:
    references = world.predictions(world.settings())
    with pytest.raises(UserError, match="14 of the 14 reference predictions"):
        reference_keys(references, world.pairs, world.settings(reference="initial"), world.pruned.fingerprint)


def test_predictions_for_other_clips_are_refused(world) -> None:
    references = world.predictions(world.settings())
    pairs = [replace(world.pairs[0], winner="full5"), *world.pairs[1:]]
    with pytest.raises(UserError, match="2 of the 14 reference predictions"):
        reference_keys(references, pairs, world.settings(), world.pruned.fingerprint)
