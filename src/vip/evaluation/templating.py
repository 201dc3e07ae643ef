"""Pages from templates: each an HTML skeleton with its style and script inline, so that it works offline."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from vip.evaluation import wording

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
WORDS = ("signed", "percent", "quantity_as_text", "bytes_as_text", "seconds_as_text", "spelled")
"""What `vip.evaluation.wording` makes of numbers, as filters."""


def environment_of(page: str, style: str = "", script: str = "") -> "Environment":
    """For `<page>.html.j2`; globals `style` and `script` hold its `.css` and `.js`, or those of others."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name, file in (("style", f"{style or page}.css"), ("script", f"{script or page}.js")):
        text = (TEMPLATES / file).read_text(encoding="utf-8")
        environment.globals[name] = Markup(text)  # noqa: S704
    return environment


def with_figures(environment: "Environment") -> "Environment":
    """The same for a page of numbers and figures: filters for words, global `interval`, and `plotly()`."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    environment.filters |= {name: getattr(wording, name) for name in WORDS}
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    environment.globals |= {
        "plotly": functools.cache(lambda: Markup(get_plotlyjs())),  # noqa: S704
        "interval": wording.interval_as_text,
    }
    return environment
