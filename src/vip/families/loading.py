"""How a model is held in memory: what lets a large one fit."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vip.families.precision import compute_in_bfloat16, lower
from vip.families.tiling import tile_decoding
from vip.families.turns import take_turns

if TYPE_CHECKING:
    from torch import nn

    from vip.families.base import VideoFamily

Precision = Literal["fp32", "bf16"]
AUTOENCODER = "vae"
"""Its name in every pipeline. It stays in float32: it is small, and its rounding would be seen."""
DENOISERS = ("unet", "transformer", "transformer_2")
"""Their names in the pipelines; all other models encode prompts."""


@dataclass(frozen=True)
class Loading:
    """How a model is held; the default is as its folder has it, all of it on the device, in float32."""

    precision: Precision = "fp32"
    """bf16: weights of matrix products in bfloat16, but not those that are trained; autocast computes."""
    offload: bool = False
    """Only the model at work is on the device; nothing happens where the device is the CPU."""
    vae_tiling: bool = False
    """Decode in overlapping tiles and frame by frame, as far as the autoencoder can."""
    sharded: bool = False
    """The denoisers stay on the CPU: `vip.training.sharding` takes this process's part to the device."""
    only_denoiser: bool = False
    """All other models stay on the CPU: nobody encodes or decodes."""

    @property
    def marks(self) -> tuple[str, ...]:
        """What may change a clip: a part of its key, and of nobody's where nothing is asked for."""
        return ("bf16",) * (self.precision == "bf16") + ("vae_tiling",) * self.vae_tiling

    def apply(self, family: "VideoFamily", device: str, *, training: bool = False) -> None:
        """Hold a family, opened on the CPU, in this way; `training` spares what is trained.

        UserError where its autoencoder knows no tiles. On the device "meta" the weights are those that would
        be held, and nothing is computed.
        """
        models = models_of(family)
        if self.precision == "bf16":
            self._lower(family, models, device, training=training)
        if self.vae_tiling:
            tile_decoding(models[AUTOENCODER])
        if self.only_denoiser:
            models = {name: model for name, model in models.items() if name in DENOISERS}
        staying = [models.pop(name) for name in DENOISERS if self.sharded and name in models]
        if self.offload and device.partition(":")[0] not in ("cpu", "meta"):
            take_turns(_teams(models, training=training), device, staying)
        else:
            for model in models.values():
                model.to(device)

    @staticmethod
    def _lower(family: "VideoFamily", models: "dict[str, nn.Module]", device: str, *, training: bool) -> None:
        trained = set(family.trainable().values()) if training else set()
        for name, model in models.items():
            if name != AUTOENCODER:
                lower(model, trained)
                compute_in_bfloat16(model, device.partition(":")[0])


def models_of(family: "VideoFamily") -> "dict[str, nn.Module]":
    """Its models by the names that its pipeline gives them."""
    from torch import nn

    parts = family.to_pipeline().components
    return {name: part for name, part in parts.items() if isinstance(part, nn.Module)}


def _teams(models: "dict[str, nn.Module]", *, training: bool) -> "list[list[nn.Module]]":
    """Who is on the device together: in training all denoisers, for a backward pass needs each of them."""
    together = [model for name, model in models.items() if training and name in DENOISERS]
    alone = [[model] for model in models.values() if not any(model is other for other in together)]
    return [*([together] if together else []), *alone]
