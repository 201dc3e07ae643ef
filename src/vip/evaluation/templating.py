"""Pages from templates: each an HTML skeleton with its style and script inline, so that it works offline."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


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
