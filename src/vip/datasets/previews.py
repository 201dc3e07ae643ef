"""Clips as HTML that kedro-viz shows as it is: videos inside the page, nothing to fetch."""

import base64
import html
from collections.abc import Iterable

from vip.datasets import video
from vip.types import Clip


def gallery(clips: Iterable[tuple[Clip, str]], frames_per_second: int) -> str:
    """Small looping videos side by side, each over its caption."""
    return "".join(_figure(clip, caption, frames_per_second) for clip, caption in clips) or "<p>No clips.</p>"


def _figure(clip: Clip, caption: str, frames_per_second: int) -> str:
    data = base64.b64encode(video.encode_for_browser(clip.frames, frames_per_second)).decode()
    return (
        '<figure style="display:inline-block;margin:8px;width:192px;vertical-align:top">'
        f'<video src="data:video/mp4;base64,{data}" controls loop muted autoplay width="192"></video>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
