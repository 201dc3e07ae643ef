"""The page of a user study: one file that works offline and knows no model by name."""

from collections.abc import Mapping

from vip.evaluation.templating import environment_of
from vip.evaluation.user_study.design import Study
from vip.evaluation.videos import SHOWN_WIDTH, encode, resize, uri_of
from vip.types import Clip, Items


def render_study(study: Study, clips: Mapping[str, Items[Clip]]) -> str:
    """The page as text; clips are shown in their own size, small ones enlarged."""
    shown = {
        "study": study.study,
        "size": len(study.models),
        "items": [
            {
                "item": comparison.item,
                "prompt": comparison.prompt,
                "clips": [
                    {"clip": name, "video": _video(clips[clip["model"]][clip["clip"]])}
                    for name, clip in comparison.clips.items()
                ],
            }
            for comparison in study.comparisons
        ],
    }
    return environment_of("study").get_template("study.html.j2").render(shown=shown)


def _video(clip: Clip) -> str:
    width = max(clip.frames.shape[2], SHOWN_WIDTH)
    return uri_of(encode(resize(clip.frames, width)))
