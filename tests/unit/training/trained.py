"""Two trainings that are to be one and the same."""

import pandas as pd
import torch

from vip.training.train import Trained


def weights(trained: Trained) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in trained.family.denoiser.named_parameters()}


def assert_same(one: Trained, other: Trained) -> None:
    pd.testing.assert_frame_equal(one.curve, other.curve, check_exact=True)
    for (name, value), twin in zip(weights(one).items(), weights(other).values(), strict=True):
        assert torch.equal(value, twin), name
