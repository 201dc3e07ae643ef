"""Frames as H.264: lossless for the store, small for a browser.

The store's files go through `av` itself: imageio's plugin has no way to set x264's `qp`, and closing it costs
more time than a small clip does.
"""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def encode_lossless(frames: "NDArray[np.uint8]", frames_per_second: int) -> bytes:
    """An mp4 that holds frames (F, H, W, 3) bit for bit (H.264 RGB, qp 0); equal frames give equal bytes."""
    import av

    assert frames.dtype == "uint8", f"frames are {frames.dtype}, uint8 is expected"
    assert frames.shape[3:] == (3,), f"frames are {frames.shape}, (F, H, W, 3) is expected"
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        options = {"qp": "0", "preset": "veryfast"}
        stream = container.add_stream("libx264rgb", rate=frames_per_second, options=options)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "rgb24"
        stream.codec_context.thread_count = 1  # x264's threads change its bytes
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def decode(video: bytes) -> "NDArray[np.uint8]":
    """The frames (F, H, W, 3) of a lossless mp4."""
    import av
    import numpy as np

    with av.open(io.BytesIO(video)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


def encode_for_browser(frames: "NDArray[np.uint8]", frames_per_second: int, size: int = 192) -> bytes:
    """A small mp4 (yuv420p, which every browser plays), its pixels enlarged whole to about `size`."""
    import imageio.v3 as iio

    scale = max(1, size // min(frames.shape[1:3]))
    enlarged = frames.repeat(scale, axis=1).repeat(scale, axis=2)
    even = enlarged[:, : enlarged.shape[1] // 2 * 2, : enlarged.shape[2] // 2 * 2]
    video: bytes = iio.imwrite(
        "<bytes>",
        even,
        plugin="pyav",
        extension=".mp4",
        codec="libx264",
        fps=frames_per_second,
        out_pixel_format="yuv420p",
    )
    return video
