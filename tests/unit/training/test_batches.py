"""Winners first, noised as drawn."""

import torch

from vip.training.batches import noisy_pairs, stacked, twice
from vip.training.draws import draw


def test_winners_come_first_each_with_its_own_noise(world) -> None:
    family, pairs = world.teacher.open(), world.pairs[:2]
    draws = [draw(family, pair.pair_id, 0, world.settings()) for pair in pairs]
    samples = noisy_pairs(family, world.clips.latents(pairs), draws, "cpu")
    assert samples.timesteps.tolist() == [draws[0].timestep, draws[1].timestep] * 2
    for row, pair, drawn in ((1, pairs[1], draws[1]), (0, pairs[0], draws[0])):
        winner, loser = world.clips.full[pair.winner].latents, world.clips.pruned[pair.loser].latents
        timestep = drawn.timestep[None]
        expected = family.add_noise(winner[None], drawn.winner_noise[None], timestep)
        assert torch.equal(samples.noisy[row : row + 1], expected)
        assert torch.equal(samples.target[row], drawn.winner_noise)
        expected = family.add_noise(loser[None], drawn.loser_noise[None], timestep)
        assert torch.equal(samples.noisy[2 + row : 3 + row], expected)
        assert torch.equal(samples.target[2 + row], drawn.loser_noise)


def test_conditioning_serves_winners_and_losers() -> None:
    one, two = {"text": torch.tensor([1.0, 2.0])}, {"text": torch.tensor([3.0, 4.0])}
    assert twice(stacked([one, two]))["text"].tolist() == [[1, 2], [3, 4], [1, 2], [3, 4]]
