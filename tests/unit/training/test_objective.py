"""The terms of one batch, against the losses computed pair by pair."""

import pytest
import torch
from accelerate import Accelerator

from vip.losses.methods import METHODS, OF_WINNERS, Terms, Weights
from vip.training.features import FeatureTeacher
from vip.training.objective import terms
from vip.training.optimisation import only_trainable
from vip.training.sums import Sums


@pytest.fixture
def feed(world):
    return world.feed()


def test_terms_are_the_paper_s_equations(world, feed) -> None:
    from vip.training.draws import Step

    step = Step(1, (4, 0, 2))
    found = terms(feed.family, feed.family.denoiser, feed.batches(step)[0], beta=10.0)
    sft, logits = [], []
    for position in step.positions:
        (one,) = feed.batches(Step(1, (position,)))
        student = feed.family.predict(
            feed.family.denoiser, one.samples.noisy, one.samples.timesteps, one.conditioning
        )
        teacher = world.teacher.open()
        reference = teacher.predict(
            teacher.denoiser, one.samples.noisy, one.samples.timesteps, one.conditioning
        )
        margins = (student - one.samples.target).square().mean((1, 2, 3, 4))
        margins = margins - (reference - one.samples.target).square().mean((1, 2, 3, 4))
        logits.append(-5 * (margins[0] - margins[1]))
        sft.append((student[0] - reference[0]).square().mean())
    torch.testing.assert_close(found.dpo.logits, torch.stack(logits))
    torch.testing.assert_close(found.sft, torch.stack(sft).mean())
    torch.testing.assert_close(found.dpo.loss, -torch.stack(logits).sigmoid().log().mean())


@pytest.mark.parametrize("name", METHODS)
def test_losers_need_a_gradient_unless_a_method_is_of_winners(world, name: str) -> None:
    """Who is not in OF_WINNERS learns something else without it; who is learns the same."""
    from vip.training.draws import Step

    family = world.pruned.open()
    feed, parameters = world.feed(family), list(only_trainable(family).values())
    beside = FeatureTeacher(world.teacher, family, world.settings().loading_beside, "cpu")
    (batch,) = feed.batches(Step(1, (4, 0, 2)))
    both = [
        terms(family, family.denoiser, batch, 10.0, beside, learn_from_losers=learn)
        for learn in (True, False)
    ]
    for one, other in zip(*map(flat_terms, both), strict=True):
        torch.testing.assert_close(one, other)
    assert not both[1].dpo.loser_margin.requires_grad
    gradients = [torch.autograd.grad(METHODS[name](found, Weights(2.0)), parameters) for found in both]
    same = all(torch.allclose(one, other, atol=1e-6) for one, other in zip(*gradients, strict=True))
    assert same == (name in OF_WINNERS)


def flat_terms(found: Terms) -> list[torch.Tensor]:
    return [found.dpo.loss, found.dpo.logits, found.sft, found.features]


def test_gradient_norms_are_measured_without_a_trace(feed) -> None:
    from vip.training.draws import Step

    parameters = feed.family.trainable()
    found = terms(feed.family, feed.family.denoiser, feed.batches(Step(0, (0, 1)))[0], beta=10.0)
    sums = Sums(1, Accelerator(cpu=True))
    sums.add_gradients(found, 1.0, list(parameters.values()))
    assert all(value.grad is None for value in parameters.values())
    assert sums.gradients == {}
    for loss, norm in ((found.dpo.loss, sums.norms["dpo"]), (found.sft, sums.norms["sft"])):
        loss.backward(retain_graph=True)
        squares = sum(value.grad.square().sum().item() for value in parameters.values())
        assert norm == pytest.approx(squares**0.5, rel=1e-5)
        feed.family.denoiser.zero_grad()


def test_a_norm_is_that_of_the_sum_over_micro_batches(feed) -> None:
    from vip.training.draws import Step

    parameters = list(feed.family.trainable().values())
    batches = [feed.batches(Step(0, (position,)))[0] for position in (0, 1, 2)]
    sums = Sums(3, Accelerator(cpu=True))
    for batch in batches:
        assert sums.norms == {}
        found = terms(feed.family, feed.family.denoiser, batch, beta=10.0)
        sums.add_gradients(found, 1 / 3, parameters)
        (found.sft / 3).backward()
    squares = sum(value.grad.square().sum().item() for value in parameters)
    assert sums.norms["sft"] == pytest.approx(squares**0.5, rel=1e-5)
    assert sums.norms["dpo"] != sums.norms["sft"]
