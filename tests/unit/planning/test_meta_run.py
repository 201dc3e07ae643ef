"""Costs counted without contents are those of the real run, and those that a person works out."""

import torch
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

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
    forward = cost_of(lambda: functional.scaled_dot_product_attention(query, query, query))
    assert forward.flops == 2 * 10 * 10 * 8
    both = cost_of(lambda: functional.scaled_dot_product_attention(query, query, query).sum().backward())
    assert both.flops == 3.5 * forward.flops
    assert query.grad is not None
    assert query.grad.shape == query.shape


def test_checkpointing_computes_attention_once_more() -> None:
    """Attention: forward, again, 2.5 times backward; the layer: forward, again, two products backward."""
    query = torch.zeros(1, 1, 10, 4, device="meta", requires_grad=True)
    layer = nn.Linear(4, 4, bias=False, device="meta")

    def block(given: torch.Tensor) -> torch.Tensor:
        given = layer(given)
        return functional.scaled_dot_product_attention(given, given, given)

    cost = cost_of(lambda: checkpoint(block, query, use_reentrant=False).sum().backward())
    assert cost.flops == 4.5 * 2 * 10 * 10 * 8 + 4 * 2 * 10 * 4 * 4


def test_checkpointing_keeps_less_where_activations_are_what_is_large() -> None:
    blocks = [nn.Sequential(*(nn.Linear(4, 4, device="meta") for _ in range(4))) for _ in range(8)]
    given = torch.zeros(1000, 4, device="meta")

    def run(*, again: bool) -> None:
        values = given
        for block in blocks:
            values = checkpoint(block, values, use_reentrant=False) if again else block(values)
        values.sum().backward()

    plain, frugal = cost_of(lambda: run(again=False)), cost_of(lambda: run(again=True))
    assert plain.peak_bytes > 8 * 4 * given.nbytes
    assert frugal.peak_bytes < 0.75 * plain.peak_bytes


def test_under_autocast_products_are_small_and_norms_are_not() -> None:
    """The rounded input and weight, then what comes out; the norm's input and output in float32."""
    layer, norm = nn.Linear(8, 16, bias=False, device="meta"), nn.LayerNorm(16, device="meta")
    given = torch.zeros(4, 8, device="meta")
    assert cost_of(lambda: layer(given), half=True).peak_bytes == 2 * (4 * 8 + 8 * 16 + 4 * 16)
    found: list[torch.Tensor] = []
    cost_of(lambda: found.extend((layer(given), norm(layer(given)))), half=True)
    assert [value.dtype for value in found] == [torch.bfloat16, torch.float32]


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
