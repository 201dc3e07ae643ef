"""The dynamic degree, as VBench has it and as the paper revises it.

VBench asks of each video whether it moves, and the share that does is the score, also where a prompt asks
for stillness. The paper labels the prompts as static or dynamic, so that a video counts that does what its
prompt asks for. Its labels are not published; those in `labels.csv` are ours.
"""

import csv
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from vip.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Label = Literal["static", "dynamic"]


def labels() -> dict[str, Label]:
    """By the first 16 hex digits of a prompt's sha256: whether it asks for stillness or for motion.

    `static` where all that the prompt names is at rest; `dynamic` where anything in it moves or acts.
    """
    table = files("vip.vbench").joinpath("labels.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    found: dict[str, Label] = {}
    for row in rows:
        assert row["label"] in ("static", "dynamic"), f"labels.csv: {row}"
        found[row["prompt_sha256"]] = "static" if row["label"] == "static" else "dynamic"
    assert len(found) == len(rows), "labels.csv names a prompt twice"
    return found


def prompt_hash(prompt: str) -> str:
    """What `labels.csv` knows a prompt by."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:16]


def revised_dynamic_degree(moves: Mapping[str, bool], prompts: Mapping[str, str]) -> float:
    """The share of videos that do what their prompt asks for: move if it is dynamic, stay if it is static.

    Args:
        moves: Whether each video moves, by its name.
        prompts: Each video's prompt.

    UserError where a prompt has no label.
    """
    known = labels()
    missing = sorted({prompts[name] for name in moves if prompt_hash(prompts[name]) not in known})
    if missing or not moves:
        raise UserError(
            f"{len(missing)} prompts of {len(moves)} videos have no label static or dynamic ({missing[:1]}); "
            "the revised dynamic degree needs VBench's own 72"
        )
    right = [moved == (known[prompt_hash(prompts[name])] == "dynamic") for name, moved in moves.items()]
    return sum(right) / len(right)


def is_dynamic(frames: "NDArray[np.uint8]", frames_per_second: float) -> bool:
    """Whether a video (F, H, W, 3) moves by VBench's rule, on a classical flow instead of RAFT.

    At about 8 frames a second, the fastest 5% of pixels have to move further than 6 pixels for each 256 of
    the shorter side, in a quarter of the frames (vbench/dynamic_degree.py at commit 45e79ec). Farneback's
    flow finds large motions worse than RAFT, so this is not VBench's number.
    """
    from vip.motion import displacements

    kept = frames[:: max(1, round(frames_per_second / 8))]
    threshold = 6 * min(kept.shape[1:3]) / 256
    moved = displacements(kept) > threshold
    return len(moved) > 0 and int(moved.sum()) >= round(4 * len(kept) / 16)


def stillness(frames: "NDArray[np.uint8]") -> float:
    """VBench's temporal flickering of one video (F, H, W, 3): 1 - mean absolute difference to the next / 255.

    VBench takes it on prompts that ask for still scenes only. UserError below two frames.
    """
    import numpy as np

    if len(frames) < 2:
        raise UserError(f"a video has {len(frames)} frames, temporal flickering needs 2")
    differences = [np.abs(b.astype(np.int16) - a).mean() for a, b in pairwise(frames)]
    return float((255 - np.mean(differences)) / 255)
