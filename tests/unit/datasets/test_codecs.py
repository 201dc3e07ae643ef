"""Every codec gives back what it was given, bit for bit, in bytes that depend on the item alone."""

import struct

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vip.datasets import video
from vip.datasets.codecs import CODECS, ClipCodec, RowCodec, TensorsCodec, codec_named
from vip.errors import UserError
from vip.types import Clip


def noise(frames: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("shape", [(8, 32, 32), (1, 16, 24), (3, 31, 33), (16, 64, 48)])
def test_frames_survive_an_mp4_bit_for_bit_and_its_bytes_repeat(shape: tuple[int, int, int]) -> None:
    frames = noise(*shape)
    encoded = video.encode_lossless(frames, 8)
    assert encoded == video.encode_lossless(frames.copy(), 8)
    decoded = video.decode(encoded)
    assert decoded.dtype == np.uint8
    assert np.array_equal(decoded, frames)


def test_an_mp4_says_its_frame_rate() -> None:
    import av

    for rate in (8, 28):
        with av.open(__import__("io").BytesIO(video.encode_lossless(noise(4, 16, 16), rate))) as container:
            assert container.streams.video[0].average_rate == rate


@pytest.mark.parametrize(
    "frames", [np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 3), np.uint8), np.zeros((2, 3, 4, 4), np.uint8)]
)
def test_what_is_no_video_is_refused(frames: np.ndarray) -> None:
    with pytest.raises(AssertionError, match="frames are"):
        video.encode_lossless(frames, 8)


def test_clips_keep_latents_and_frames() -> None:
    clip = Clip(torch.randn(4, 8, 4, 4).transpose(0, 1), noise(8, 32, 32))
    codec = ClipCodec()
    back = codec.decode(codec.encode(clip))
    assert torch.equal(back.latents, clip.latents)
    assert np.array_equal(back.frames, clip.frames)


def test_half_precision_latents_are_refused() -> None:
    with pytest.raises(AssertionError, match=r"latents are torch\.float16"):
        ClipCodec().encode(Clip(torch.zeros(4, 2, 2, 2, dtype=torch.float16), noise(2, 16, 16)))


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.text()))
@settings(max_examples=50)
def test_rows_come_back_with_every_bit_and_in_their_order(row: dict[str, float | str]) -> None:
    back = RowCodec().decode(RowCodec().encode(row))
    assert list(back.items()) == list(row.items())
    for key, value in row.items():
        if isinstance(value, float):
            assert struct.pack("d", back[key]) == struct.pack("d", value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_rows_refuse_what_is_not_json(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        RowCodec().encode({"score": value})


def test_tensors_come_back_whatever_their_order_views_and_types() -> None:
    base = torch.arange(12, dtype=torch.float32)
    item = {
        "b": base[::2],
        "a": base.reshape(3, 4).T,
        "c": torch.tensor([1, 2]),
        "d": torch.zeros(0, 3).bfloat16(),
    }
    codec = TensorsCodec()
    back = codec.decode(codec.encode(item))
    assert list(back) == sorted(item)
    for name, tensor in item.items():
        assert torch.equal(back[name], tensor)
        assert back[name].dtype == tensor.dtype
    assert codec.encode(item) == codec.encode(dict(reversed(item.items())))


def test_tensors_that_need_gradients_are_kept_as_values() -> None:
    codec = TensorsCodec()
    back = codec.decode(codec.encode({"a": torch.ones(2, requires_grad=True)}))
    assert not back["a"].requires_grad


def test_codecs_are_chosen_by_name_with_options() -> None:
    assert {name: type(codec_named(name)) for name in CODECS} == CODECS
    codec = codec_named({"name": "clip", "frames_per_second": 28})
    assert codec.description == "clip frames_per_second=28"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("video", "codec 'video' is unknown; known are clip, row, tensors"),
        ({"frames_per_second": 8}, "codec None is unknown"),
        ({"name": "row", "fps": 8}, "codec 'row' does not take the options"),
    ],
)
def test_unknown_codecs_and_options_are_refused(choice: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        codec_named(choice)
