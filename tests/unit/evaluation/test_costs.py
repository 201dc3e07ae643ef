"""Costs: exact where they can be counted, sane where they are measured."""

import pytest
import torch

from vip.evaluation import costs
from vip.families.base import VideoFamily
from vip.types import Sampler


def test_peak_counts_what_is_alive_at_once() -> None:
    def call() -> None:
        first = torch.zeros(1000)
        second = first + 1
        del first
        third = torch.zeros(500)
        del second, third

    assert costs.peak_of_cpu(call) == 8000


def test_views_and_tensors_from_outside_cost_nothing() -> None:
    outside = torch.zeros(1000)
    assert costs.peak_of_cpu(lambda: outside.view(10, 100).add_(1)[0]) == 0


def test_a_view_keeps_its_storage_alive() -> None:
    def call() -> None:
        row = torch.zeros(10, 100)[0]
        other = torch.zeros(1000)
        del row
        last = torch.zeros(1000)
        del other, last

    assert costs.peak_of_cpu(call) == 8000


def test_bytes_of_counts_parameters_and_buffers() -> None:
    assert costs.bytes_of(torch.nn.BatchNorm1d(3)) == 4 * 3 * 4 + 8


def test_measures_a_model(tiny_model: VideoFamily) -> None:
    sampler = Sampler(steps=1, guidance_scale=1.0)
    found = costs.measure(tiny_model, sampler, calls=1, seed=0)
    assert found.parameters == sum(unit.parameters for unit in tiny_model.units("module"))
    assert found.flops == tiny_model.flops()
    assert found.seconds_per_clip > 0
    assert found.peak_memory_bytes > costs.bytes_of(tiny_model.denoiser)


def test_a_pruned_model_costs_less(tiny_model: VideoFamily) -> None:
    sampler = Sampler(steps=1, guidance_scale=1.0)
    before = costs.measure(tiny_model, sampler, calls=1, seed=0)
    unit = next(unit for unit in tiny_model.units("module") if unit.removable)
    tiny_model.remove([unit.name], "module")
    after = costs.measure(tiny_model, sampler, calls=1, seed=0)
    assert after.parameters == before.parameters - unit.parameters
    assert after.flops < before.flops
    assert before.peak_memory_bytes - after.peak_memory_bytes == pytest.approx(4 * unit.parameters, rel=0.5)
