"""What a model costs: parameters, FLOPs, seconds and memory, without the parts that V.I.P. leaves alone.

Conventions, the same for every model and device:
- parameters: of the prunable units still present;
- FLOPs: 2 x multiply-accumulates of the prunable part in one denoiser call for one clip;
- seconds per clip: the median of timed sampling calls (all denoising steps, one clip at a time) after a
  warm-up; text encoder and VAE are not timed;
- peak memory: the denoiser's weights plus the most tensor memory alive at once in such a call. On CUDA the
  allocator's peak is read; on the CPU the results of all operators are counted from their making to their
  release, and an operator's own scratch is not seen.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from vip.families.turns import device_of
from vip.pruning.units import prunable_parameters
from vip.seeding import generator_for
from vip.types import Sampler

if TYPE_CHECKING:
    import torch
    from torch import nn

    from vip.families.base import VideoFamily

PROMPT = "a video"
"""What is sampled while the clock runs; its words do not change the cost."""


@dataclass(frozen=True)
class Costs:
    """The cost of one model; the module's docstring says how each is measured."""

    parameters: int
    flops: int
    seconds_per_clip: float
    peak_memory_bytes: int


def measure(family: "VideoFamily", sampler: Sampler, calls: int, seed: int) -> Costs:
    """Measure one model on the device its denoiser is on: one watched warm-up, then `calls` timed calls."""
    import torch

    device = device_of(family)
    conditioning = family.encode([PROMPT])
    noise = torch.randn((1, *family.latent_shape), generator=generator_for("costs", seed)).to(device)

    def sample() -> None:
        family.sample(conditioning, noise, sampler)
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    if next(family.denoiser.parameters()).device != device:  # it waits elsewhere until it is called
        sample()
    peak = peak_of_cuda(sample, device) if device.type == "cuda" else peak_of_cpu(sample)
    return Costs(
        parameters=prunable_parameters(family),
        flops=family.flops(),
        seconds_per_clip=median(_seconds(sample) for _ in range(calls)),
        peak_memory_bytes=bytes_of(family.denoiser) + peak,
    )


def bytes_of(module: "nn.Module") -> int:
    """Bytes of a module's parameters and buffers."""
    return sum(tensor.numel() * tensor.element_size() for tensor in (*module.parameters(), *module.buffers()))


def peak_of_cpu(call: Callable[[], None]) -> int:
    """The most bytes of operators' results alive at once during the call."""
    from vip.evaluation.live_bytes import LiveBytes

    memory = LiveBytes()
    with memory:
        call()
    return memory.peak


def peak_of_cuda(call: Callable[[], None], device: "torch.device") -> int:
    """The most bytes of CUDA tensors alive at once during the call, beyond those alive before it."""
    import torch

    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    call()
    return torch.cuda.max_memory_allocated(device) - before


def _seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
