"""Reference predictions: which there are, under which keys, and that a key alone decides its prediction."""

import gc
import weakref

import pytest
import torch

from vip.training.reference import reference_key, reference_predictions


@pytest.fixture
def lazy(world):
    return reference_predictions(world.teacher, world.pairs, world.clips, world.settings())


def test_one_prediction_an_epoch_and_pair(world, lazy) -> None:
    assert list(lazy.table.columns) == ["key", "epoch", "pair_id", "reference"]
    assert len(set(lazy.table["key"])) == len(lazy.table) == 2 * 7
    assert set(lazy.table["reference"]) == {world.teacher.fingerprint}
    assert lazy.batch_size == 4


def test_the_reference_is_opened_once_and_only_when_needed(world, lazy) -> None:
    assert world.teacher.opened == []
    lazy.make_batch(lazy.table["key"][:3])
    lazy.make_batch(lazy.table["key"][3:6])
    assert len(world.teacher.opened) == 1
    assert world.pruned.opened == []


def test_predictions_are_the_model_s_own(world, lazy) -> None:
    family, pair, settings = world.teacher.open(), world.pairs[2], world.settings()
    (found,) = lazy.make_batch([reference_key(world.teacher.fingerprint, pair, 1, settings)])
    from vip.training.draws import draw

    drawn = draw(family, pair.pair_id, 1, settings)
    timestep, text = drawn.timestep[None], family.encode([pair.prompt])["text"]
    for name, clip, noise in (
        ("winner", world.clips.full[pair.winner], drawn.winner_noise),
        ("loser", world.clips.pruned[pair.loser], drawn.loser_noise),
    ):
        noisy = family.add_noise(clip.latents[None], noise[None], timestep)
        expected = family.denoiser(noisy, timestep, text)[0]
        torch.testing.assert_close(found[name], expected, rtol=1e-5, atol=1e-6)
        assert not found[name].requires_grad


def test_a_prediction_does_not_depend_on_the_rest_of_its_batch(lazy) -> None:
    keys = list(lazy.table["key"])
    together = dict(zip(keys, lazy.make_batch(keys), strict=True))
    for key in keys:
        (alone,) = lazy.make_batch([key])
        assert torch.equal(alone["winner"], together[key]["winner"])
        assert torch.equal(alone["loser"], together[key]["loser"])


def test_a_prediction_owns_its_memory(lazy) -> None:
    (found,) = lazy.make_batch(lazy.table["key"][:1])
    for tensor in found.values():
        assert tensor.untyped_storage().nbytes() == tensor.nbytes


@pytest.mark.parametrize("change", [{"seed": 1}, {"shared_noise": True}, {"reference_batch_size": 5}])
def test_keys_change_with_what_changes_a_prediction(world, lazy, change) -> None:
    other = reference_predictions(world.teacher, world.pairs, world.clips, world.settings(**change))
    assert not set(other.table["key"]) & set(lazy.table["key"])


@pytest.mark.parametrize(
    "change", [{"method": "dpo"}, {"beta": 1.0}, {"learning_rate": 1.0}, {"batch_size": 1}]
)
def test_all_methods_share_their_predictions(world, lazy, change) -> None:
    other = reference_predictions(world.teacher, world.pairs, world.clips, world.settings(**change))
    assert other.table.equals(lazy.table)


def test_another_model_has_other_keys(world, lazy) -> None:
    other = reference_predictions(world.pruned, world.pairs, world.clips, world.settings())
    assert not set(other.table["key"]) & set(lazy.table["key"])


def test_the_reference_is_gone_with_its_lazy_map(world) -> None:
    lazy = reference_predictions(world.teacher, world.pairs, world.clips, world.settings())
    lazy.make_batch(lazy.table["key"][:1])
    denoiser = weakref.ref(world.teacher.opened.pop().denoiser)
    del lazy
    gc.collect()
    assert denoiser() is None
