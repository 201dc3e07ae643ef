"""The page of a user study: one file that works offline and knows no model by name."""

from collections.abc import Mapping
from pathlib import Path

from vip.evaluation.user_study.design import Study
from vip.evaluation.videos import SHOWN_WIDTH, encode, resize, uri_of
from vip.types import Clip, Items

TEMPLATES = Path(__file__).parents[1] / "templates"


def render_study(study: Study, clips: Mapping[str, Items[Clip]]) -> str:
    """The page as text; clips are shown in their own size, small ones enlarged."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
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
    texts = {
        name: Markup((TEMPLATES / f"study.{suffix}").read_text(encoding="utf-8"))  # noqa: S704
        for name, suffix in (("style", "css"), ("script", "js"))
    }
    return environment.get_template("study.html.j2").render(shown=shown, **texts)


def _video(clip: Clip) -> str:
    width = max(clip.frames.shape[2], SHOWN_WIDTH)
    return uri_of(encode(resize(clip.frames, width)))
