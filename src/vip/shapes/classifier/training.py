"""Trains the network on spoiled renderings, from a seed: kedro run --pipeline=classifier_training."""

from typing import TYPE_CHECKING, Any

import numpy as np

from vip.seeding import seed_of
from vip.shapes.classifier.examples import Example, example
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    from torch import Tensor

    from vip.shapes.classifier.network import FrameReader, Reading

OUTLINES = 8.0
"""Weight of the pixels' cross entropy, most of which are easy, beside those of the words."""


def train(checkpoints: Any, loop: Loop, seed: int) -> "tuple[FrameReader, list[Row]]":
    """A network that learned from drawn frames, and its curve; goes on from its last checkpoint."""
    import torch

    from vip.shapes.classifier.network import FrameReader

    torch.manual_seed(seed_of("classifier", seed))
    network = FrameReader()

    def loss_at(step: int) -> "Tensor":
        rng = np.random.default_rng(seed_of("classifier", seed, step))
        batch = [example(rng) for _ in range(loop.batch_size)]
        frames = torch.from_numpy(np.stack([each.frame for each in batch]))
        return loss_of(network(frames.permute(0, 3, 1, 2).contiguous()), batch)

    return network, learn("classifier", network, loss_at, loop, checkpoints)


def loss_of(told: "Reading", batch: list[Example]) -> "Tensor":
    """Cross entropies of the words and of the pixels, added: a scalar.

    Each is a mean over what is known: only the first is asked of what shows no shape.
    """
    import torch
    from torch.nn import functional as F

    def truth(name: str) -> "Tensor":
        return torch.from_numpy(np.stack([getattr(each, name) for each in batch]))

    words = truth("words")
    one = words[:, 0] >= 0
    losses = [
        F.cross_entropy(told.shape, truth("shape")),
        F.cross_entropy(told.colour[one], words[one, 0]),
        F.cross_entropy(told.background[one], words[one, 1]),
        OUTLINES * F.binary_cross_entropy_with_logits(told.coverage[one], truth("coverage")[one]),
    ]
    return torch.stack(losses).sum()


def halved(network: "FrameReader") -> "dict[str, Tensor]":
    """The weights in half precision, which the network has from now on."""
    halves = {name: tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    network.load_state_dict(halves)
    return halves
