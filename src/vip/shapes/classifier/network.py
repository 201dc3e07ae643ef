"""The network: convolutions, from which it tells each pixel's part in the shape, and the words of the frame.

Shapes differ in a few pixels at their outlines. So there is a single stride, and on the way to words places
are not averaged away: maps are softmaxes over all of them, whose mean place and mean colour go on (spatial
softmax: Finn et al. 2016, arXiv 1509.06113).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from vip.shapes.classifier.examples import NOTHING
from vip.shapes.scene import BACKGROUNDS, COLOURS

WORDS = (NOTHING + 1, len(COLOURS), len(BACKGROUNDS))
"""How many shapes (none is one of them), colours and backgrounds there are."""
WIDTH, MAPS, HIDDEN = 16, 24, 96
CELL = 2
"""Pixels, on each side, behind one number of a map."""


@dataclass(frozen=True)
class Reading:
    """What the network tells of N frames."""

    shape: Tensor
    """Logits (N, 4), the last one of nothing."""
    colour: Tensor
    """Logits (N, 6)."""
    background: Tensor
    """Logits (N, 3)."""
    coverage: Tensor
    """Logits (N, H, W): whether the shape covers a pixel."""


class FrameReader(nn.Module):
    """Reads frames (N, 3, H, W) of grey levels 0..255."""

    def __init__(self) -> None:
        super().__init__()
        wide = 2 * WIDTH
        self.seen = nn.Sequential(
            _convolution(3, WIDTH), nn.SiLU(),
            *_layer(WIDTH, wide, stride=CELL), *_layer(wide, wide), *_layer(wide, wide),
        )  # fmt: skip
        self.maps = nn.Conv2d(wide, MAPS, 1)
        self.told = nn.Sequential(
            nn.Linear(7 * MAPS + 2 * wide, HIDDEN), nn.SiLU(),
            nn.Linear(HIDDEN, HIDDEN), nn.SiLU(),
            nn.Linear(HIDDEN, sum(WORDS)),
        )  # fmt: skip
        self.covered = nn.Conv2d(wide, CELL**2, 1)

    def forward(self, frames: Tensor) -> Reading:
        """Read them."""
        pixels = frames / 128.0 - 1.0
        seen = self.seen(pixels)
        features = [self._where_and_what(seen, pixels), seen.mean((2, 3)), seen.amax((2, 3))]
        shape, colour, background = self.told(torch.cat(features, dim=1)).split(WORDS, dim=1)
        coverage = F.pixel_shuffle(self.covered(seen), CELL)[:, 0]
        return Reading(shape, colour, background, coverage)

    def _where_and_what(self, seen: Tensor, pixels: Tensor) -> Tensor:
        """What each map looks at: mean x, y, x^2, y^2 and colour under its softmax (N, 7 MAPS)."""
        ticks = torch.linspace(-1.0, 1.0, seen.shape[-1], dtype=seen.dtype, device=seen.device)
        y, x = torch.meshgrid(ticks, ticks, indexing="ij")
        grid = torch.stack([x, y, x**2, y**2]).expand(len(seen), -1, -1, -1)
        there = torch.cat([grid, F.avg_pool2d(pixels, CELL)], dim=1).flatten(2)
        look = self.maps(seen).flatten(2).softmax(dim=2)
        told: Tensor = (look @ there.transpose(1, 2)).flatten(1)
        return told


def _layer(inputs: int, outputs: int, stride: int = 1) -> list[nn.Module]:
    return [_convolution(inputs, outputs, stride), nn.GroupNorm(4, outputs), nn.SiLU()]


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    """Three by three, begun as He et al. 2015 do; torch's own start fades layer by layer."""
    convolution = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    return convolution
