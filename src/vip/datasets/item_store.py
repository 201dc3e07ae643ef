"""A folder of finished items, each verifiable by itself before any table lists it.

An item is `<key><suffix>` for each suffix of its codec and, written last, its seal `<key>.sha256`: how the
codec is set and the hash of each file (`sha256sum -c` checks it too). The seal's hash stands for the item.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic

from vip.datasets.codecs import Codec
from vip.datasets.files import (
    SEAL_SUFFIX,
    StoredDataError,
    damage,
    digest,
    listed_hashes,
    unreadable,
    write_atomically,
)
from vip.faults import fault_point
from vip.hashing import file_hash
from vip.types import Item

KEY = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(frozen=True)
class Stored:
    """What a finished item is on disk: the hash that stands for it, and the bytes of all its files."""

    sha256: str
    size: int


@dataclass(frozen=True)
class ItemStore(Generic[Item]):
    """Items by key in one folder, which several stages share; equal keys mean equal items."""

    folder: Path
    codec: Codec[Item]

    def write(self, key: str, item: Item) -> Stored:
        """Write an item; it counts as finished once its last file has its name.

        Nothing waits for the disk: what a power cut tears, its hashes tell.
        """
        fault_point("item.write.before")
        pieces = self.codec.encode(item)
        assert set(pieces) == set(self.codec.suffixes), f"codec {self.codec.name} made {sorted(pieces)}"
        for suffix, content in pieces.items():
            write_atomically(self.file(key, suffix), content, durable=False)
        fault_point("item.write.before_seal")
        seal = self._seal_text(key, {suffix: digest(content) for suffix, content in pieces.items()})
        write_atomically(self.file(key, SEAL_SUFFIX), seal, durable=False)
        fault_point("item.write.after")
        return Stored(digest(seal), len(seal) + sum(map(len, pieces.values())))

    def started(self, key: str) -> bool:
        """Whether the item was once finished; its files may have suffered since."""
        return self.file(key, SEAL_SUFFIX).is_file()

    def find(self, key: str) -> Stored | None:
        """The item if it is finished, undamaged and as this codec would write it, else None."""
        try:
            seal = self.file(key, SEAL_SUFFIX).read_bytes()
            hashes = {suffix: file_hash(self.file(key, suffix)) for suffix in self.codec.suffixes}
        except OSError:
            return None
        if seal != self._seal_text(key, hashes):
            return None
        return Stored(digest(seal), self.size(key))

    def size(self, key: str) -> int:
        """The bytes of all files of an item, 0 where one is missing."""
        files = [self.file(key, suffix) for suffix in (*self.codec.suffixes, SEAL_SUFFIX)]
        try:
            return sum(file.stat().st_size for file in files)
        except OSError:
            return 0

    def read(self, key: str, sha256: str) -> Item:
        """Read an item and check it; UserError naming the file where it is not the one of that hash."""
        pieces = {suffix: self._piece(key, suffix) for suffix in self.codec.suffixes}
        hashes = {suffix: digest(content) for suffix, content in pieces.items()}
        if digest(self._seal_text(key, hashes)) != sha256:
            raise StoredDataError(self._complaint(key, hashes))
        try:
            return self.codec.decode(pieces)
        except (ValueError, LookupError, OSError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            path = self.file(key, self.codec.suffixes[0])
            raise StoredDataError(
                f"{path} is no {self.codec.name} ({reason}); delete it and run again"
            ) from None

    def _piece(self, key: str, suffix: str) -> bytes:
        path = self.file(key, suffix)
        try:
            return path.read_bytes()
        except FileNotFoundError:
            raise StoredDataError(f"{path} is missing; run again to make it") from None
        except OSError as error:
            raise unreadable(path, error) from None

    def _complaint(self, key: str, hashes: Mapping[str, str]) -> str:
        """Which file of a damaged item it is, as far as its seal can tell."""
        recorded = listed_hashes(self.file(key, SEAL_SUFFIX)) if self.started(key) else {}
        for suffix, found in hashes.items():
            path = self.file(key, suffix)
            if found not in recorded.get(path.name, [found]):
                return damage(path, found, recorded[path.name][-1])
        seal = self.file(key, SEAL_SUFFIX)
        return f"{seal} tells of another item than the one that was listed; delete it and run again"

    def _seal_text(self, key: str, hashes: Mapping[str, str]) -> bytes:
        lines = [f"{hashes[suffix]}  {key}{suffix}\n" for suffix in sorted(hashes)]
        return "".join([f"# {self.codec.description}\n", *lines]).encode()

    def file(self, key: str, suffix: str) -> Path:
        """Where a file of an item lies, or would lie."""
        assert KEY.fullmatch(key), f"{key!r} cannot be a file name; keys are content hashes"
        return self.folder / f"{key}{suffix}"
