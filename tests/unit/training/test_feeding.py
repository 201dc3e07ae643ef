"""What a step is fed: its own pairs, each prompt embedded once, and predictions of this very run."""

from dataclasses import replace

import pytest
import torch

from vip.errors import UserError
from vip.training.draws import Step
from vip.training.feeding import Feed, reference_keys


def test_every_prompt_is_embedded_once(world) -> None:
    feed = world.feed()
    for step in (Step(0, (0, 1, 2)), Step(0, (3, 4, 5, 6)), Step(1, (6, 5))):
        feed.batches(step)
    assert sorted(feed.family.encoded) == sorted({pair.prompt for pair in world.pairs})
    assert not any(tensor.requires_grad for tensor in feed.embeddings[world.pairs[0].prompt].values())


def test_predictions_belong_to_their_samples(world) -> None:
    feed = world.feed()
    (batch,), teacher = feed.batches(Step(1, (5, 2, 6))), world.teacher.open()
    with torch.no_grad():
        expected = teacher.predict(
            teacher.denoiser, batch.samples.noisy, batch.samples.timesteps, batch.conditioning
        )
    torch.testing.assert_close(batch.reference, expected)


STEP = Step(0, (6, 1, 3, 0, 5))


def shares_and_rows(feed: Feed) -> list[tuple[float, list[int]]]:
    """Each micro-batch's share, and which of the step's pairs are in it."""
    (whole,) = replace(
        feed, process=0, processes=1, settings=replace(feed.settings, micro_batch_size=None)
    ).batches(STEP)
    rows = {winner.numpy().tobytes(): row for row, winner in enumerate(whole.samples.noisy[:5])}
    return [
        (batch.share, [rows[winner.numpy().tobytes()] for winner in batch.samples.noisy.chunk(2)[0]])
        for batch in feed.batches(STEP)
    ]


def test_processes_share_a_step(world) -> None:
    assert shares_and_rows(world.feed(process=0, processes=2)) == [(6 / 5, [0, 1, 2])]
    assert shares_and_rows(world.feed(process=1, processes=2)) == [(4 / 5, [3, 4])]


def test_micro_batches_are_the_same_for_any_number_of_processes(world) -> None:
    def found(processes: int) -> list[tuple[float, list[int]]]:
        feeds = [world.feed(None, process, processes, micro_batch_size=2) for process in range(processes)]
        return [pair for feed in feeds for pair in shares_and_rows(feed)]

    assert found(1) == [(2 / 5, [0, 1]), (2 / 5, [2, 3]), (1 / 5, [4])]
    assert found(2) == [(4 / 5, [0, 1]), (2 / 5, [4]), (4 / 5, [2, 3]), (0.0, [0])]
    assert found(3) == [(6 / 5, [0, 1]), (6 / 5, [2, 3]), (3 / 5, [4])]


def test_a_process_without_a_pair_counts_for_nothing(world) -> None:
    (part,) = world.feed(process=1, processes=2).batches(Step(0, (4,)))
    assert part.share == 0
    assert len(part.samples.noisy) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"epochs": 3},
        {"shared_noise": True},
        {"reference_batch_size": 2},
    ],
)
def test_predictions_of_other_settings_are_refused(world, change) -> None:
    references = world.predictions(world.settings())
    with pytest.raises(
        UserError, match=r"of the \d+ reference predictions .* run the node reference_predictions"
    ):
        reference_keys(references, world.pairs, world.settings(**change), world.teacher.fingerprint)


def test_predictions_of_one_model_do_not_stand_for_another_s(world) -> None:
    references = world.predictions(world.settings())
    with pytest.raises(UserError, match="14 of the 14 reference predictions"):
        reference_keys(references, world.pairs, world.settings(), world.pruned.fingerprint)


def test_predictions_for_other_clips_are_refused(world) -> None:
    references = world.predictions(world.settings())
    pairs = [replace(world.pairs[0], winner="full5"), *world.pairs[1:]]
    with pytest.raises(UserError, match="2 of the 14 reference predictions"):
        reference_keys(references, pairs, world.settings(), world.teacher.fingerprint)
