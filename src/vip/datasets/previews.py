"""Clips as HTML that kedro-viz shows as it is: videos inside the page, nothing to fetch."""

import html
from collections.abc import Iterable

from vip.evaluation.videos import video_uri
from vip.types import Clip


def gallery(clips: Iterable[tuple[Clip, str]], frames_per_second: int) -> str:
    """Small looping videos side by side, each over its caption."""
    return "".join(_figure(clip, caption, frames_per_second) for clip, caption in clips) or "<p>No clips.</p>"


def _figure(clip: Clip, caption: str, frames_per_second: int) -> str:
    return (
        '<figure style="display:inline-block;margin:8px;width:192px;vertical-align:top">'
        f'<video src="{video_uri(clip.frames, frames_per_second)}" controls loop muted autoplay '
        'width="192"></video>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
