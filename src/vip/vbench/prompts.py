"""VBench's prompt list, and the file names that it makes of prompts.

The list is `VBench_full_info.json`, which comes with the package `vbench`: 946 entries of `prompt_en`, the
dimensions it serves, and more that only VBench reads. Two prompts stand in it twice; they are generated once.
"""

from collections.abc import Mapping
from typing import Any

from vip.errors import UserError
from vip.types import Table
from vip.vbench.dimensions import DIMENSIONS

LONGEST_NAME = 255
"""Bytes that a file name may have on common file systems."""
SUFFIX = ".mp4"


def read_prompts(info: Any) -> Table:
    """One row a prompt, in the list's order: prompt_id, prompt, and `dimensions`, their names between spaces.

    UserError where the list is none of VBench's, names other dimensions, or holds a prompt that no file can
    be named after.
    """
    import pandas as pd

    if not isinstance(info, list) or not info:
        raise UserError(
            "VBench's prompt list is no list of prompts; copy VBench_full_info.json of the package vbench"
        )
    dimensions: dict[str, list[str]] = {}
    for place, entry in enumerate(info, start=1):
        prompt, served = _entry(entry, f"entry {place} of VBench's prompt list")
        dimensions.setdefault(prompt, [])
        dimensions[prompt] += [name for name in served if name not in dimensions[prompt]]
    return pd.DataFrame(
        {
            "prompt_id": [f"vbench-{number:04d}" for number in range(len(dimensions))],
            "prompt": list(dimensions),
            "dimensions": [" ".join(names) for names in dimensions.values()],
        }
    )


def video_name(prompt: str, sample: int) -> str:
    """The name under which VBench looks for a prompt's video: `<prompt>-<sample>.mp4`."""
    return f"{prompt}-{sample}{SUFFIX}"


def names_of(prompts: Table, dimension: str, samples: int) -> list[str]:
    """The videos that a dimension is computed on, in the list's order."""
    chosen = [
        prompt
        for prompt, served in zip(prompts["prompt"], prompts["dimensions"], strict=True)
        if dimension in served.split()
    ]
    return [video_name(prompt, sample) for prompt in chosen for sample in range(samples)]


def dimensions_of(prompts: Table) -> list[str]:
    """The dimensions that the list serves, in VBench's order."""
    served = {name for names in prompts["dimensions"] for name in names.split()}
    return [name for name in DIMENSIONS if name in served]


def _entry(entry: Any, where: str) -> tuple[str, list[str]]:
    prompt = entry.get("prompt_en") if isinstance(entry, Mapping) else None
    served = entry.get("dimension") if isinstance(entry, Mapping) else None
    if not isinstance(prompt, str) or not isinstance(served, list):
        raise UserError(
            f"{where} has no prompt_en and dimension; copy VBench_full_info.json of the package vbench"
        )
    unknown = [name for name in served if name not in DIMENSIONS]
    if unknown:
        raise UserError(f"{where} names the dimension {unknown[0]!r}; known are {', '.join(DIMENSIONS)}")
    reason = _unfit(prompt)
    if reason:
        raise UserError(
            f"{where} {reason}: {prompt[:60]!r}; VBench finds videos by such names, so correct the list"
        )
    return prompt, served


def _unfit(prompt: str) -> str | None:
    """Why a prompt cannot be part of a file name; None where it can."""
    if not prompt.strip():
        return "is empty"
    if any(mark in prompt for mark in "/\\") or not prompt.isprintable():
        return "holds a slash or an unprintable character"
    if prompt.startswith("."):
        return "begins with a dot"
    if len(video_name(prompt, 99).encode()) > LONGEST_NAME:
        return f"makes a file name of more than {LONGEST_NAME} bytes"
    return None
