"""The experiments that ship with the project, which conf/README.md names; others are their owners' matter."""

import re
from pathlib import Path

CONF = Path(__file__).parents[1] / "conf"
_LISTED = re.findall(r"^- (.+?) - ", (CONF / "README.md").read_text(), re.MULTILINE)
EXPERIMENTS = sorted(
    name
    for names in _LISTED
    for name in re.findall(r"`(\w+)`", names)
    if name != "base" and (CONF / name / "catalog.yml").exists()
)
"""Those with a model of their own."""
SHAPES = [name for name in EXPERIMENTS if name.startswith("shapes_")]
"""Those in the shapes world, whose model is small."""
MODELS = [name for name in EXPERIMENTS if name not in SHAPES]
