"""The videos that VBench is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vip.errors import UserError
from vip.hashing import content_hash
from vip.types import Clip, Items
from vip.vbench.prompts import video_name


@dataclass(frozen=True)
class VideoFolder:
    """A flat folder, and the sha256 of each video in it by file name."""

    path: Path
    hashes: Mapping[str, str]

    def fingerprint_of(self, names: Sequence[str]) -> str:
        """What these videos are; UserError naming those that are missing: VBench would go on without them."""
        missing = [name for name in names if name not in self.hashes]
        if missing:
            raise UserError(
                f"{len(missing)} of {len(names)} videos are missing in {self.path} ({missing[0]}, ...); "
                "VBench would score the others alone, so make all of them first"
            )
        return content_hash([[name, self.hashes[name]] for name in names])


def named_videos(clips: Items[Clip]) -> Items[Clip]:
    """The clips under the names that VBench looks for, a prompt's several clips counted from 0.

    The table is the clips' own, with the name in `key` and the clip's key in `clip`.
    """
    table = clips.table.rename(columns={"key": "clip"})
    samples = table.groupby("prompt").cumcount()
    names = [video_name(prompt, sample) for prompt, sample in zip(table["prompt"], samples, strict=True)]
    table.insert(0, "key", names)
    by_name: dict[str, str] = dict(zip(names, table["clip"], strict=True))
    return Items(table, lambda name: clips[by_name[name]])
