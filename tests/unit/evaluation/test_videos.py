"""Videos in the page: what browsers need, and the same picture."""

import base64
import io

import av
import numpy as np
import pytest

from vip.datasets.video import decode, encode_lossless
from vip.evaluation.videos import encode, resize, video_uri


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((32, 32), (192, 192)),
        ((40, 64), (120, 192)),
        ((320, 512), (120, 192)),
        ((33, 192), (34, 192)),
        ((5, 200), (6, 192)),
    ],
)
def test_sizes_are_even_and_near_the_shown_width(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert resize(np.zeros((2, *size, 3), np.uint8)).shape == (2, *shown, 3)


def test_enlarging_repeats_pixels() -> None:
    frames = np.random.default_rng(0).integers(0, 255, size=(1, 4, 4, 3), dtype=np.uint8)
    large = resize(frames, width=8)
    assert (large[:, ::2, ::2] == frames).all()
    assert (large[:, 1::2, 1::2] == frames).all()


def test_video_is_h264_yuv420p_with_all_frames() -> None:
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    frames[:, 16:48, 16:48] = np.linspace(40, 240, 8, dtype=np.uint8)[:, None, None, None]
    with av.open(io.BytesIO(encode(frames))) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
    assert decoded.shape == frames.shape
    assert np.abs(decoded.astype(int) - frames).mean() < 4


def test_uri_holds_the_file() -> None:
    uri = video_uri(np.zeros((2, 32, 32, 3), np.uint8))
    kind, _, content = uri.partition(",")
    assert kind == "data:video/mp4;base64"
    assert b"ftyp" in base64.b64decode(content)[:16]


def test_equal_frames_give_equal_bytes_whatever_lay_in_memory_before() -> None:
    """x264's macroblock tree would read memory that nobody wrote, and change about one of these in fifty."""
    noise = np.random.default_rng(0).integers(0, 255, (4, 8, 32, 32, 3), np.uint8)
    stored = [encode_lossless(frames, 8) for frames in noise]
    made = {encode(resize(decode(clip))) for _ in range(40) for clip in stored}
    assert len(made) == len(stored)
