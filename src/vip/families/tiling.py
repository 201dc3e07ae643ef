"""Decoding in tiles: a large video's pixels are made piece by piece, where the autoencoder can do that."""

from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError

if TYPE_CHECKING:
    from torch import nn

IN_STRETCHES = ("AutoencoderKLLTXVideo",)
"""Autoencoders that decode overlapping stretches of frames, but only if they are told to.

Mochi's could, too, but then its frames differ from those that its encoder knows.
"""


def tile_decoding(autoencoder: "nn.Module") -> None:
    """Turn on tiles, pictures one by one, and stretches of frames; UserError where there are no tiles."""
    vae = cast("Any", autoencoder)
    if not hasattr(vae, "use_tiling"):
        raise UserError(f"{type(vae).__name__} cannot decode in tiles; set vae_tiling to false")
    vae.enable_tiling()
    if hasattr(vae, "use_slicing"):
        vae.enable_slicing()
    if type(vae).__name__ in IN_STRETCHES:
        vae.use_framewise_decoding = True
