"""What one denoiser call sees: winners and losers of some pairs, noised as their draws say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.training.draws import Draw

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import VideoFamily
    from vip.training.pairs import PreferencePair
    from vip.types import Clip, Conditioning


@dataclass(frozen=True)
class NoisyPairs:
    """B pairs as 2B samples, all winners first: x_t and target (2B, C, F, h, w), timesteps (2B,)."""

    noisy: "Tensor"
    target: "Tensor"
    timesteps: "Tensor"


@dataclass(frozen=True)
class PairClips:
    """The latents of pairs: winners are the full model's clips, losers the pruned model's."""

    full: "Mapping[str, Clip]"
    pruned: "Mapping[str, Clip]"

    def latents(self, pairs: "Sequence[PreferencePair]") -> "Tensor":
        """Clean latents (2B, C, F, h, w), all winners first."""
        import torch

        winners = [self.full[pair.winner].latents for pair in pairs]
        losers = [self.pruned[pair.loser].latents for pair in pairs]
        return torch.stack(winners + losers).float()


def noisy_pairs(family: "VideoFamily", latents: "Tensor", draws: Sequence[Draw], device: str) -> NoisyPairs:
    """x_t^w and x_t^l from x_0 (2B, C, F, h, w), with one timestep a pair (paper Sec. 3.4.1)."""
    import torch

    noise = torch.stack([draw.winner_noise for draw in draws] + [draw.loser_noise for draw in draws])
    timesteps = torch.stack([draw.timestep for draw in draws] * 2)
    latents, noise, timesteps = latents.to(device), noise.to(device), timesteps.to(device)
    return NoisyPairs(
        noisy=family.add_noise(latents, noise, timesteps),
        target=family.target(latents, noise, timesteps),
        timesteps=timesteps,
    )


def twice(conditioning: "Conditioning") -> "Conditioning":
    """Conditioning of B prompts for the 2B samples of B pairs."""
    import torch

    return {name: torch.cat([tensor, tensor]) for name, tensor in conditioning.items()}


def stacked(conditionings: "Sequence[Conditioning]") -> "Conditioning":
    """Conditioning of B prompts from B conditionings of one each, without their first dimension."""
    import torch

    return {name: torch.stack([one[name] for one in conditionings]) for name in conditionings[0]}
