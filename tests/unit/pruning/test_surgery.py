"""Modules taken out leave passthroughs that can be called as they were."""

import copy

import pytest
import torch
from torch import nn

from vip.pruning.surgery import is_removed, remove_modules


def network() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3), nn.ReLU()))


def test_a_removed_module_returns_its_first_input_whatever_else_it_is_given() -> None:
    model = network()
    remove_modules(model, ["1.0"])
    features = torch.randn(2, 3)
    assert model[1][0](features, None, 5, num_frames=8) is features
    assert torch.equal(model(features), model[0](features).relu())


def test_its_parameters_are_gone_and_it_is_known_as_removed() -> None:
    model = network()
    remove_modules(model, ["1.0"])
    assert set(model.state_dict()) == {"0.weight", "0.bias"}
    assert is_removed(model[1][0])
    assert not is_removed(model[0])


def test_copies_of_a_removed_module_are_known_as_removed() -> None:
    model = network()
    remove_modules(model, ["0"])
    assert is_removed(copy.deepcopy(model)[0])


def test_removing_a_module_twice_is_our_own_mistake() -> None:
    model = network()
    remove_modules(model, ["0"])
    with pytest.raises(AssertionError, match="0 was removed before"):
        remove_modules(model, ["0"])
