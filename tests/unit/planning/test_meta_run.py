"""Costs counted without contents are those of the real run, and those that a person works out."""

import torch
from torch import nn
from torch.nn import functional

from vip.planning.meta_run import cost_of

FLOAT = 4


def test_a_linear_layer_by_hand():
    layer, given = nn.Linear(8, 16, device="meta"), torch.zeros(4, 8, device="meta")
    cost = cost_of(lambda: layer(given))
    assert cost.flops == 2 * 4 * 8 * 16
    assert cost.peak_bytes == 4 * 16 * FLOAT


def test_what_is_freed_no_longer_counts():
    given = torch.zeros(1000, device="meta")

    def chain() -> None:
        values = given
        for _ in range(5):
            values = values + 1

    assert cost_of(chain).peak_bytes == 2 * 1000 * FLOAT


def test_a_view_is_not_memory():
    given = torch.zeros(10, 10, device="meta")
    assert cost_of(lambda: given.T[2:].reshape(-1, 2).view(-1)).peak_bytes == 80 * FLOAT


def test_attention_by_hand_and_without_a_score_matrix():
    query, key, value = (torch.zeros(2, 3, length, 8, device="meta") for length in (500, 700, 700))
    cost = cost_of(lambda: functional.scaled_dot_product_attention(query, key, value))
    assert cost.flops == 2 * 2 * 3 * 500 * 700 * (8 + 8)
    assert cost.peak_bytes == 2 * 3 * 500 * 8 * FLOAT


def test_a_backward_pass_keeps_what_it_needs():
    """One product forward, two backward; alive at the end: two scalars, weight's and input's gradient."""
    layer = nn.Linear(8, 16, bias=False, device="meta")
    given = torch.zeros(4, 8, device="meta", requires_grad=True)
    cost = cost_of(lambda: layer(given).sum().backward())
    assert cost.flops == 3 * 2 * 4 * 8 * 16
    assert cost.peak_bytes == (1 + 1 + 8 * 16 + 4 * 8) * FLOAT


def test_attention_s_backward_pass_computes_the_scores_again():
    query = torch.zeros(1, 1, 10, 4, device="meta", requires_grad=True)
    forward = cost_of(lambda: functional.scaled_dot_product_attention(query.detach(), query.detach(), query))
    assert forward.flops == 3.5 * 2 * 10 * 10 * 8
    cost_of(lambda: functional.scaled_dot_product_attention(query, query, query).sum().backward())
    assert query.grad is not None
    assert query.grad.shape == query.shape


def test_meta_and_real_run_cost_the_same(tiny_teacher):
    from vip.families.animatediff import AnimateDiff

    costs = []
    for device in ("meta", "cpu"):
        model = AnimateDiff.open(tiny_teacher, device)
        conditioning = model.encode(["a red circle"])
        noisy, timesteps = torch.zeros(1, *model.latent_shape, device=device), torch.zeros(1, device=device)
        with torch.no_grad():
            costs.append(
                cost_of(
                    lambda model=model, noisy=noisy, timesteps=timesteps, words=conditioning: model.predict(
                        model.denoiser, noisy, timesteps, words
                    )
                )
            )
    assert costs[0] == costs[1]
    assert costs[0].flops > model.flops()
