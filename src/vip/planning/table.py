"""A plan as people read it in a terminal."""

from vip.evaluation.wording import aligned, bytes_as_text, quantity_as_text
from vip.types import Table

HEADINGS = ("stage", "phase", "clips", "reused", "calls", "FLOPs", "hours", "disk", "peak memory")


def plan_as_text(plan: Table, flops_per_second: float) -> str:
    """The plan's rows and their sum, aligned; hours at that many FLOP/s."""
    rows = [
        (
            str(row["stage"]),
            row["phase"],
            f"{row['clips']:,}",
            f"{row['reused']:,}",
            f"{row['calls']:,}",
            quantity_as_text(row["flops"]),
            _hours(row["flops"], flops_per_second),
            bytes_as_text(row["disk_bytes"]),
            bytes_as_text(row["peak_bytes"]),
        )
        for row in plan.to_dict("records")
    ]
    total = (
        "",
        "all",
        *(f"{plan[name].sum():,}" for name in ("clips", "reused", "calls")),
        quantity_as_text(plan["flops"].sum()),
        _hours(plan["flops"].sum(), flops_per_second),
        bytes_as_text(plan["disk_bytes"].sum()),
        bytes_as_text(plan["peak_bytes"].max()),
    )
    note = (
        "Upper bounds: every prompt gives a pair for every property, up to pair_curation.maximum_pairs, and\n"
        "the smallest units go that meet a budget. Peak memory is that of the models and what they make, in\n"
        "one process; rewards and judges need their own, and so do the buffers of several processes.\n"
        f"Hours are those of the denoiser alone, at {quantity_as_text(flops_per_second)}FLOP/s."
    )
    return "\n".join([*aligned([HEADINGS, *rows, total], left=(1,)), "", note])


def _hours(flops: float, flops_per_second: float) -> str:
    return f"{flops / flops_per_second / 3600:,.2f}"
