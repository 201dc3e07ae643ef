"""Clips inside a page: small H.264 videos as data URIs that every browser plays."""

import base64
import io
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SHOWN_WIDTH = 192
"""Small clips are enlarged to this many pixels (whole multiples), large ones reduced to it."""
FRAMES_PER_SECOND = 8
"""How fast the report plays every clip, whatever its model was made for."""
QUALITY = "23"
"""x264's constant rate factor."""


def video_uri(frames: "NDArray[np.uint8]", frames_per_second: int = FRAMES_PER_SECOND) -> str:
    """Frames (F, H, W, 3) as `data:video/mp4;base64,...`: H.264, yuv420p."""
    return uri_of(encode(resize(frames), frames_per_second))


def uri_of(video: bytes) -> str:
    """The bytes of an mp4 file as `data:video/mp4;base64,...`."""
    return f"data:video/mp4;base64,{base64.b64encode(video).decode()}"


def resize(frames: "NDArray[np.uint8]", width: int = SHOWN_WIDTH) -> "NDArray[np.uint8]":
    """Enlarge by whole pixels or reduce smoothly to about `width`; height and width come out even."""
    import numpy as np
    from PIL import Image

    _, rows, columns, _ = frames.shape
    if columns < width:
        factor = max(round(width / columns), 1)
        frames = frames.repeat(factor, axis=1).repeat(factor, axis=2)
    elif columns > width:
        size = (width, max(round(rows * width / columns), 2))
        frames = np.stack([np.asarray(Image.fromarray(frame).resize(size)) for frame in frames])
    odd_rows, odd_columns = frames.shape[1] % 2, frames.shape[2] % 2
    return np.pad(frames, ((0, 0), (0, odd_rows), (0, odd_columns), (0, 0)), mode="edge")


def encode(frames: "NDArray[np.uint8]", frames_per_second: int = FRAMES_PER_SECOND) -> bytes:
    """Frames (F, H, W, 3) of even sizes as the bytes of an mp4 file; equal frames give equal bytes."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        # One thread, and no macroblock tree: x264's bytes differ from call to call with either.
        options = {"crf": QUALITY, "threads": "1", "preset": "veryfast", "mbtree": "0"}
        stream = container.add_stream("libx264", rate=Fraction(frames_per_second), options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()
