"""Named points at which a test ends a run, fills its disk, or notes that it came by; otherwise nothing.

    VIP_FAULT=kill:checkpoint.save.before_rename:2    kill -9 at the second passing (no number: the first)

What can happen: `kill` (SIGKILL), `terminate` (SIGTERM), `interrupt` (SIGINT), `full` (the disk is full), and
`record:<file>`, which appends the name of every point that is passed. Only tests set the variable.
"""

import errno
import os
import signal
from collections import Counter
from pathlib import Path

VARIABLE = "VIP_FAULT"

POINTS = {
    "node.before": "the node before has saved everything, this one has not begun",
    "node.computed": "the node has returned, nothing of it is saved",
    "node.saved": "all outputs of the node are saved, how they were made is not noted",
    "lazy_map.batch.before": "a batch of items is about to be made",
    "lazy_map.batch.made": "a batch is made, none of its items is written",
    "lazy_map.items.written": "all items are written, the manifest is not",
    "item.write.before": "nothing of an item is written",
    "item.write.before_seal": "the files of an item are there, its seal is not",
    "item.write.after": "an item is finished",
    "sealed.save.before": "a sealed file is about to be replaced",
    "sealed.save.announced": "the seal lists the old and the new hash, the file is still the old one",
    "sealed.save.replaced": "the file is the new one, the seal still lists both hashes",
    "sealed.save.after": "file and seal are the new ones",
    "file.write.before": "the draft of a file does not exist",
    "file.write.inside": "half of a draft is written",
    "file.write.before_rename": "the draft is whole, under its own name",
    "file.write.after": "the file has its name; the folder may not be on disk",
    "folder.save.before": "the draft of a folder does not exist",
    "folder.save.filled": "the draft holds everything but its index",
    "folder.save.before_rename": "the draft is whole, under its own name",
    "folder.save.between_renames": "the old folder is set aside, the new one not yet in its place",
    "folder.save.renamed": "the new folder is in its place, the old one beside it",
    "folder.save.after": "only the new folder is there",
    "weights.write.before": "a model's weights are about to be written into a draft",
    "weights.write.after": "a model's weights are in the draft, other files are not",
    "videos.write.inside": "some of a folder's videos are in the draft",
    "training.step.before": "a step has not begun",
    "training.step.before_update": "the gradients are there, no weight has moved",
    "training.step.updated": "the weights have moved, the step is not counted",
    "training.step.after": "the step is counted, and perhaps in a checkpoint",
    "checkpoint.save.before": "a checkpoint is due",
    "checkpoint.save.inside": "one group of tensors is written",
    "checkpoint.save.before_marker": "all but the marker is written",
    "checkpoint.save.before_rename": "the checkpoint is whole, under its draft's name",
    "checkpoint.save.before_rotation": "the checkpoint has its name, no old one is deleted",
    "checkpoint.save.after": "old checkpoints are deleted",
}
"""Every point, and what is true there; an architecture test holds this list against the code."""

_SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "interrupt": signal.SIGINT}
_passed: Counter[str] = Counter()


def fault_point(name: str) -> None:
    """Let a test in here; OSError (ENOSPC) where it has filled the disk."""
    told = os.environ.get(VARIABLE)
    if told:
        _obey(told, name)


def _obey(told: str, name: str) -> None:
    assert name in POINTS, f"{name} is not among vip.faults.POINTS"
    what, _, rest = told.partition(":")
    if what == "record":
        with Path(rest).open("a", encoding="utf-8") as record:
            record.write(f"{name}\n")
        return
    point, _, passing = rest.partition(":")
    assert point in POINTS, f"{VARIABLE}={told}: {point} is not among vip.faults.POINTS"
    if point != name:
        return
    _passed[told] += 1
    if _passed[told] != int(passing or 1):
        return
    if what == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"at {name}")
    os.kill(os.getpid(), _SIGNALS[what])
