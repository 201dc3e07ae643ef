"""Arms that the page cannot do without, and what it will not say where one of them does not run."""

from collections.abc import Mapping
from typing import Any

from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.comparison.blocks import block_of
from vip.pipelines.comparison.run_parameters import opinions_of

LACKS = {
    "candidate": "have no differences between arms",
    "baseline": "count no gains, by the reward an arm trained with or by others",
    "control": "not tell whether gains carry over to other rewards",
}
"""By role: what the page will do without its arm."""


def lacks(parameters: Mapping[str, Any]) -> list[str]:
    """A line for each role whose arm does not run: what the page will lack, and how to get it."""
    running = list(dict.fromkeys(run.arm for run in runs_of(parameters)))
    settings = block_of(parameters, "comparison")
    asked = [role for role in LACKS if role != "control" or opinions_of(parameters)]
    return [
        f"The comparison does not run {arm}, its {role}: its page will {LACKS[role]}; add {arm} to "
        f"comparison.only, or set comparison.{role} to one of {', '.join(running)}"
        for role in asked
        if (arm := settings.get(role)) and arm not in running
    ]
