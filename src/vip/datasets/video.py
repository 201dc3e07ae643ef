"""Frames as lossless H.264, for the store.

Through `av` itself: imageio's plugin has no way to set x264's `qp`, and closing it costs more time than a
small clip does.
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
