"""The terms of one batch, against the losses computed pair by pair."""

import pytest
import torch
from accelerate import Accelerator

from vip.training.objective import terms
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


def test_gradient_norms_are_measured_without_a_trace(feed) -> None:
    from vip.training.draws import Step

    parameters = feed.family.trainable()
    found = terms(feed.family, feed.family.denoiser, feed.batches(Step(0, (0, 1)))[0], beta=10.0)
    sums = Sums()
    sums.add_gradients(found, 1.0, list(parameters.values()))
    assert all(value.grad is None for value in parameters.values())
    norms = sums.gradient_norms(Accelerator(cpu=True))
    for loss, norm in zip((found.dpo.loss, found.sft), norms, strict=True):
        loss.backward(retain_graph=True)
        squares = sum(value.grad.square().sum().item() for value in parameters.values())
        assert norm == pytest.approx(squares**0.5, rel=1e-5)
        feed.family.denoiser.zero_grad()
