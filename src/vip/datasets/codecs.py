"""How an item becomes files and back: one list of codecs. Equal items give equal bytes, on every run."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic

from vip.datasets import video
from vip.errors import UserError, nearest
from vip.types import Clip, Item

if TYPE_CHECKING:
    from torch import Tensor

Row = dict[str, float | str]


class Codec(ABC, Generic[Item]):
    """Turns one kind of item into named pieces of bytes, one a file, and back. Abstract or final."""

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]
    """The files of an item: its key with each of these."""

    @property
    def description(self) -> str:
        """What, besides the item, its bytes depend on."""
        return self.name

    @abstractmethod
    def encode(self, item: Item) -> dict[str, bytes]:
        """The item as bytes by suffix."""

    @abstractmethod
    def decode(self, pieces: Mapping[str, bytes]) -> Item:
        """The item that `encode` was given, bit for bit."""


class ClipCodec(Codec[Clip]):
    """A clip: latents as float32 safetensors, frames as a lossless mp4 that people can watch."""

    name = "clip"
    suffixes = (".mp4", ".safetensors")

    def __init__(self, frames_per_second: int = 8) -> None:
        """Take the rate at which players show the frames."""
        self.frames_per_second = frames_per_second

    @property
    def description(self) -> str:
        """The name and the frame rate."""
        return f"{self.name} frames_per_second={self.frames_per_second}"

    def encode(self, item: Clip) -> dict[str, bytes]:
        """Frames (F, H, W, 3) as mp4, latents (C, F, h, w) as safetensors."""
        assert str(item.latents.dtype) == "torch.float32", f"latents are {item.latents.dtype}, not float32"
        return {
            ".mp4": video.encode_lossless(item.frames, self.frames_per_second),
            ".safetensors": _pack({"latents": item.latents}),
        }

    def decode(self, pieces: Mapping[str, bytes]) -> Clip:
        """The clip as it was."""
        return Clip(_unpack(pieces[".safetensors"])["latents"], video.decode(pieces[".mp4"]))


class RowCodec(Codec[Row]):
    """Named numbers and texts (the scores of a clip, say) as a line of JSON; names keep their order."""

    name = "row"
    suffixes = (".json",)

    def encode(self, item: Row) -> dict[str, bytes]:
        """The row as JSON; NaN and infinity are refused."""
        return {".json": f"{json.dumps(item, ensure_ascii=False, allow_nan=False)}\n".encode()}

    def decode(self, pieces: Mapping[str, bytes]) -> Row:
        """The row as it was."""
        row: Row = json.loads(pieces[".json"])
        return row


class TensorsCodec(Codec["dict[str, Tensor]"]):
    """Named tensors as safetensors."""

    name = "tensors"
    suffixes = (".safetensors",)

    def encode(self, item: "dict[str, Tensor]") -> dict[str, bytes]:
        """The tensors, of whatever types and shapes."""
        return {".safetensors": _pack(item)}

    def decode(self, pieces: Mapping[str, bytes]) -> "dict[str, Tensor]":
        """The tensors as they were, on the CPU, sorted by name."""
        return _unpack(pieces[".safetensors"])


CODECS: dict[str, type[Codec[Any]]] = {codec.name: codec for codec in (ClipCodec, RowCodec, TensorsCodec)}


def codec_named(choice: str | Mapping[str, Any]) -> Codec[Any]:
    """The codec of that name, or of a mapping with `name` and options; UserError for an unknown one."""
    options = {"name": choice} if isinstance(choice, str) else dict(choice)
    name = options.pop("name", None)
    if name not in CODECS:
        raise UserError(f"codec {name!r} is unknown{nearest(name, CODECS)}")
    try:
        return CODECS[name](**options)
    except TypeError:
        raise UserError(f"codec {name!r} does not take the options {options}; correct them") from None


def _pack(tensors: "Mapping[str, Tensor]") -> bytes:
    from safetensors.torch import save

    owned = {name: tensors[name].detach().cpu().contiguous().clone() for name in sorted(tensors)}
    packed: bytes = save(owned)
    return packed


def _unpack(packed: bytes) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        tensors: dict[str, Tensor] = load(packed)
    except SafetensorError as error:
        raise ValueError(f"not safetensors: {error}") from None
    return {name: tensors[name] for name in sorted(tensors)}
