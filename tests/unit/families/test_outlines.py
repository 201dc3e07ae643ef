"""Outlines: one build for each configuration, and a model of one's own for everybody."""

import pytest
import torch
from torch import nn

from vip.families.outlines import outline


class Counted:
    """Makes linear layers, and counts them."""

    def __init__(self) -> None:
        self.built = 0

    def __call__(self, config: dict[str, int]) -> nn.Module:
        if config["width"] < 1:
            raise ValueError("too narrow")
        self.built += 1
        return nn.Sequential(nn.Linear(config["width"], 2))


def test_it_is_built_once_for_each_configuration() -> None:
    make = Counted()
    shapes = [outline(make, {"width": width})[0].weight.shape for width in (3, 5, 3)]
    assert shapes == [(2, 3), (2, 5), (2, 3)]
    assert make.built == 2


def test_it_has_shapes_and_no_weights() -> None:
    assert {value.device for value in outline(Counted(), {"width": 3}).parameters()} == {torch.device("meta")}


def test_what_is_done_to_one_is_not_done_to_the_next() -> None:
    make = Counted()
    first = outline(make, {"width": 3})
    first.requires_grad_(requires_grad=False).eval()
    first.to_empty(device="cpu")
    first[0] = nn.Identity()
    second = outline(make, {"width": 3})
    assert second.training
    assert [(value.shape, value.is_meta, value.requires_grad) for value in second.parameters()] == [
        ((2, 3), True, True),
        ((2,), True, True),
    ]


def test_a_configuration_that_cannot_be_built_is_refused_each_time() -> None:
    make = Counted()
    for _ in range(2):
        with pytest.raises(ValueError, match="too narrow"):
            outline(make, {"width": 0})
