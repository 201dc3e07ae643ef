"""What the namespaces of nodes and datasets stand for: a stage, alignment, or an arm with its seed."""

from vip.pipelines.alignment.run_parameters import ALIGNMENT
from vip.pipelines.comparison.arms import run_of


def key_of(namespace: str | None) -> int | str:
    """What a namespace's run goes by: `stage_2` by 2, `sft_seed_0_stage_1` by `sft_seed_0`; 0 for none."""
    if namespace == ALIGNMENT:
        return ALIGNMENT
    run = run_of(namespace)
    return f"{run[0]}_seed_{run[1]}" if run else stage_of(namespace)


def stage_of(namespace: str | None) -> int:
    """The number in `stage_2` or `stage_2.more`; 0 for any other namespace."""
    word, _, number = (namespace or "").partition(".")[0].partition("_")
    return int(number) if word == "stage" and number.isdecimal() else 0
