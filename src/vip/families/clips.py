"""Clip sizes: what a family makes by default, what a folder asks for instead, and the latents of it.

A clip has the size that the stock pipeline makes by default, unless `model_index.json` has an entry such as
`"_clip": {"frames": 33, "height": 320, "width": 512}` (pixels); diffusers ignores entries with an underscore.
As part of the folder it is part of the model's fingerprint.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from vip.errors import UserError
from vip.families.storage import read_json


@dataclass(frozen=True)
class ClipSize:
    """What a family makes clips of: frames, and height and width in pixels."""

    frames: int
    height: int
    width: int


@dataclass(frozen=True)
class Compression:
    """How pixels become latents, and latents patches.

    So many frames, and pixels a side, are one latent pixel; the first frame may be one alone, as causal
    autoencoders have it. A patch joins so many latent frames, and latent pixels a side.
    """

    frames: int
    pixels: int
    first_alone: bool = True
    patch_frames: int = 1
    patch_pixels: int = 1

    def latent_frames(self, frames: int) -> int:
        """Latent frames of so many frames, without padding."""
        return (frames - 1) // self.frames + 1 if self.first_alone else frames // self.frames

    def latent_size(self, clip: ClipSize) -> tuple[int, int, int]:
        """(F, h, w) of such a clip, its frames padded to whole patches."""
        frames = self.latent_frames(clip.frames)
        padded = frames + -frames % self.patch_frames
        return padded, clip.height // self.pixels, clip.width // self.pixels

    def patches(self, clip: ClipSize) -> int:
        """Tokens of such a clip."""
        frames, height, width = self.latent_size(clip)
        across = (height // self.patch_pixels) * (width // self.patch_pixels)
        return frames // self.patch_frames * across

    def check(self, folder: Path, clip: ClipSize) -> None:
        """UserError where a clip would come out in another size than was asked for."""
        side = self.pixels * self.patch_pixels
        rest = 1 if self.first_alone and self.frames > 1 else 0
        if clip.frames % self.frames != rest or clip.height % side or clip.width % side:
            lengths = f"{self.frames} k{' + 1' if rest else ''} frames"
            raise UserError(
                f"{folder}/model_index.json: _clip asks for {clip.frames} frames of {clip.height} x "
                f"{clip.width}; this model makes {lengths} of sizes divisible by {side}; correct it"
            )


def clip_size(folder: Path, default: ClipSize, compression: Compression) -> ClipSize:
    """The folder's own clip size, or the pipeline's; UserError where the model cannot make such clips."""
    stated = read_json(folder / "model_index.json").get("_clip", {})
    if not isinstance(stated, Mapping) or set(stated) - set(asdict(default)):
        raise UserError(f"{folder}/model_index.json: _clip knows frames, height and width only; correct it")
    if wrong := [name for name, value in stated.items() if not isinstance(value, int) or value < 1]:
        raise UserError(f"{folder}/model_index.json: _clip.{wrong[0]} is no positive integer; correct it")
    clip = ClipSize(**asdict(default) | dict(stated))
    compression.check(folder, clip)
    return clip
