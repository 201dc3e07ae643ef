"""The dataset of everything expensive: it makes the items that are missing, and keeps them."""

import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro.utils import find_kedro_project
from kedro_datasets._typing import HTMLPreview

from vip.bars import bar
from vip.datasets import previews
from vip.datasets.codecs import ClipCodec, codec_named
from vip.datasets.files import StoredDataError, is_intact, load_sealed, local_path, save_sealed
from vip.datasets.item_store import KEY, ItemStore, Stored
from vip.errors import UserError
from vip.faults import fault_point
from vip.hashing import file_hash
from vip.processes import this_run
from vip.types import Items, LazyMap, Table

logger = logging.getLogger(__name__)

RECORDS = ("sha256", "bytes")
"""The manifest's columns that describe the stored items; the others are the map's own."""


class LazyMapDataset(AbstractDataset[LazyMap[Any], Items[Any]]):
    """Items in a content-addressed folder, and a manifest that lists which of them this dataset holds.

    Saving makes what is missing, batch by batch, each item whole or not there, and writes the manifest last:
    killed at any moment, the next save makes only the rest. Items found damaged are made again. Loading hands
    out the manifest's table and reads items when asked, each checked against the manifest. A relative `store`
    lies in the Kedro project of the manifest. `codec` is one of `vip.datasets.codecs.CODECS`, or a mapping of
    its `name` and options.

    YAML:
        "stage_{n}.full_clips":
          type: vip.datasets.LazyMapDataset
          filepath: data/03_primary/stage_{n}/full_clips.parquet
          store: data/03_primary/clips
          codec: clip

    Python:
        >>> import pandas as pd
        >>> lengths = LazyMap(
        ...     table=pd.DataFrame({"key": ["aa", "bb"], "prompt": ["a circle", "a square"]}),
        ...     make_batch=lambda keys: [{"length": float(len(key))} for key in keys],
        ...     batch_size=8,
        ...     title="lengths",
        ... )
        >>> dataset = LazyMapDataset(filepath="lengths.parquet", store="lengths", codec="row")
        >>> dataset.save(lengths)
        >>> dataset.load()["bb"]
        {'length': 2.0}
    """

    def __init__(
        self,
        filepath: str,
        store: str,
        codec: str | Mapping[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the manifest's path (`.parquet`), the folder of the items and how they are written."""
        self._path = local_path(filepath)
        folder = _in_project(local_path(store), self._path)
        self._store: ItemStore[Any] = ItemStore(folder, codec_named(codec))
        self.metadata = metadata
        if self._path.suffix != ".parquet":
            raise UserError(f"{self._path} ends in {self._path.suffix!r}; a manifest ends in .parquet")

    def save(self, data: LazyMap[Any]) -> None:
        """Make and write the items that are missing or damaged, then the manifest.

        Where a run has several processes, each makes every so-manieth share, and process 0 the manifest.
        """
        _check(data)
        keys = list(dict.fromkeys(data.table["key"]))
        processes = this_run()
        stored = processes.from_first(lambda: self._find(keys, data.title))
        missing = [key for key in keys if key not in stored]
        if processes.is_first:
            self._announce(data.title, keys, missing)
        shares = list(_chunks(missing, data.share or data.batch_size))
        for made in processes.from_all(self._make(data, shares[processes.number :: processes.count])):
            stored |= made
        fault_point("lazy_map.items.written")
        if processes.is_first:
            self._write_manifest(data.table, stored)

    def load(self) -> Items[Any]:
        """The items of the last complete save, read and checked one by one when asked for."""
        manifest = self._read_manifest()
        hashes = dict(zip(manifest["key"], manifest["sha256"], strict=True))
        return Items(
            table=manifest.drop(columns=list(RECORDS)), read=lambda key: self._store.read(key, hashes[key])
        )

    def fingerprint(self) -> str:
        """The manifest's hash, each item checked against it; UserError naming what is missing or damaged."""
        manifest = self._read_manifest().drop_duplicates("key")
        with bar(f"Checking {self._path.stem}", len(manifest), "items") as shown:
            for key, sha256 in zip(manifest["key"], manifest["sha256"], strict=True):
                stored = self._store.find(key)
                if stored is None or stored.sha256 != sha256:
                    self._store.read(key, sha256)
                shown.update()
        return file_hash(self._path)

    def files(self, suffix: str) -> list[Path]:
        """Where the items' files of one kind lie, in the table's order; `.mp4` for the videos of clips."""
        return [self._store.file(key, suffix) for key in dict.fromkeys(self._read_manifest()["key"])]

    def preview(self, count: int = 4) -> HTMLPreview:
        """The first clips as small videos, or the first rows of the table, for kedro-viz."""
        if not self.exists():
            return HTMLPreview("<p>Not made yet.</p>")
        items = self.load()
        head = items.table.drop_duplicates("key").head(count)
        if not isinstance(self._store.codec, ClipCodec):
            return HTMLPreview(head.to_html(index=False))
        captions = head["prompt"] if "prompt" in head else head["key"]
        clips = zip((items[key] for key in head["key"]), captions, strict=True)
        return HTMLPreview(previews.gallery(clips, self._store.codec.frames_per_second))

    def _find(self, keys: Sequence[str], title: str) -> dict[str, Stored]:
        with bar(f"{title}: checking what is there", len(keys), "items") as shown:
            found = {}
            for key in keys:
                item = self._store.find(key)
                if item is not None:
                    found[key] = item
                shown.update()
            return found

    def _announce(self, title: str, keys: Sequence[str], missing: Sequence[str]) -> None:
        damaged = [key for key in missing if self._store.started(key)]
        if damaged:
            logger.warning(
                "%s: %d items in %s are damaged or were written with other settings, and are made again: %s",
                title,
                len(damaged),
                self._store.folder,
                ", ".join(damaged[:3]) + (", ..." if len(damaged) > 3 else ""),
            )
        logger.info("%s: %d items, %d to make", title, len(keys), len(missing))

    def _make(self, data: LazyMap[Any], shares: Sequence[Sequence[str]]) -> dict[str, Stored]:
        stored = {}
        batches = (batch for share in shares for batch in _chunks(share, data.batch_size))
        with bar(data.title, sum(map(len, shares)), "items") as shown:
            for batch in batches:
                for key, item in zip(batch, _make_batch(data, batch), strict=True):
                    stored[key] = self._store.write(key, item)
                shown.update(len(batch))
        return stored

    def _write_manifest(self, table: Table, stored: Mapping[str, Stored]) -> None:
        entries = [stored[key] for key in table["key"]]
        manifest = table.assign(sha256=[e.sha256 for e in entries], bytes=[e.size for e in entries])
        types = {"sha256": "str", "bytes": "int64"}
        save_sealed(self._path, manifest.astype(types).to_parquet(index=False))

    def _read_manifest(self) -> Table:
        import pandas as pd
        import pyarrow as pa

        content = load_sealed(self._path, seal_required=True)
        try:
            manifest = pd.read_parquet(io.BytesIO(content))
        except (pa.ArrowException, OSError):
            manifest = pd.DataFrame()
        if not _is_manifest(manifest):
            raise StoredDataError(f"{self._path} is no manifest of items; delete it and run again")
        return manifest

    def _exists(self) -> bool:
        if not is_intact(self._path, seal_required=True):
            return False
        try:
            manifest = self._read_manifest()
        except StoredDataError:
            return False
        sizes = zip(manifest["key"], manifest["bytes"], strict=True)
        return all(self._store.size(key) == size for key, size in sizes)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path, "store": self._store.folder, "codec": self._store.codec.description}


def _check(data: LazyMap[Any]) -> None:
    assert "key" in data.table, f"{data.title}: the table has no column 'key'"
    clash = sorted(set(RECORDS) & set(data.table))
    assert not clash, f"{data.title}: the columns {clash} are the manifest's own"
    for name, size in (("batch_size", data.batch_size), ("share", data.share)):
        assert size is None or size >= 1, f"{data.title}: {name} is {size}, at least 1 is expected"


def _is_manifest(table: Table) -> bool:
    """Whether a table says of every row which item it is; a key never leads out of the store's folder."""
    if not {"key", *RECORDS} <= set(table.columns):
        return False
    return all(isinstance(key, str) and KEY.fullmatch(key) for key in table["key"])


def _chunks(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))


def _make_batch(data: LazyMap[Any], keys: Sequence[str]) -> Sequence[Any]:
    """A batch of items; the user's mistakes reach the user as they are, not wrapped by Kedro."""
    fault_point("lazy_map.batch.before")
    try:
        items = data.make_batch(keys)
    except UserError as error:
        raise StoredDataError(str(error)) from error
    fault_point("lazy_map.batch.made")
    assert len(items) == len(keys), f"{data.title}: a batch of {len(keys)} keys made {len(items)} items"
    return items


def _in_project(folder: Path, beside: Path) -> Path:
    """A relative folder, taken from the Kedro project that `beside` lies in, as Kedro takes `filepath`."""
    project = find_kedro_project(beside.absolute().parent)
    return folder if folder.is_absolute() or project is None else Path(project) / folder
