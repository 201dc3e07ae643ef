"""Files of prompts, read row by row: ten million captions need no more memory than a hundred."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from kedro_datasets._typing import TablePreview

from vip.datasets.files import StoredDataError, local_path
from vip.datasets.inputs import InputDataset
from vip.errors import UserError, no_column
from vip.hashing import content_hash, file_hash
from vip.types import PromptStream, RawPrompt

Record = Mapping[str, Any] | str | None
"""A row by column, or its text where there are no columns; None for one that cannot be read."""


class PromptSourceDataset(InputDataset[PromptStream]):
    """Prompts in `.csv`, `.jsonl`, `.parquet` or `.txt` files, streamed: WebVid, VidProM, your own.

    `filepath` is a file, or a folder whose files are read in the order of their names. `column` holds the
    prompt; in a `.txt` every line is one. `at_most` drops rows by numbers in other columns. A row that
    cannot be read, is not UTF-8 or has no text is dropped too; why is counted in `filtering_counts`.

    YAML:
        raw_prompts:            # WebVid-10M
          type: vip.datasets.PromptSourceDataset
          filepath: data/01_raw/results_10M_train.csv
          column: name

        raw_evaluation_prompts: # VidProM
          type: vip.datasets.PromptSourceDataset
          filepath: data/01_raw/VidProM_unique.csv
          column: prompt
          at_most: {toxicity: 0.2}

    Python:
        >>> from pathlib import Path
        >>> _ = Path("captions.txt").write_text("a red circle moves left")
        >>> [row.text for row in PromptSourceDataset(filepath="captions.txt").load().rows()]
        ['a red circle moves left']
    """

    NATURE = "is a source of prompts"

    def __init__(
        self,
        filepath: str,
        column: str = "prompt",
        at_most: Mapping[str, float] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Take the path of a file or folder, the prompts' column, and limits by column."""
        self._path = local_path(filepath)
        self._column = column
        self._at_most = dict(at_most or {})
        self.metadata = metadata
        for name, limit in self._at_most.items():
            if isinstance(limit, bool) or not isinstance(limit, int | float):
                raise UserError(f"{filepath}: at_most.{name} is {limit!r}; give a number")

    def load(self) -> PromptStream:
        """Hand out the rows, to be read when asked for; UserError where file or column are missing."""
        for file in self._files():
            self._check_columns(file)
        return PromptStream(self._rows)

    def fingerprint(self) -> str:
        """The hash of all files and of how they are read; UserError where there are none."""
        files = [(file.name, file_hash(file)) for file in self._files()]
        return content_hash(files, self._column, sorted(self._at_most.items()))

    def preview(self, nrows: int = 10) -> TablePreview:
        """The first rows, for kedro-viz."""
        rows = [[row.text, row.reason] for row, _ in zip(self._rows(), range(nrows), strict=False)]
        return TablePreview(
            {"index": list(range(len(rows))), "columns": [self._column, "dropped"], "data": rows}
        )

    def _rows(self) -> Iterator[RawPrompt]:
        for file in self._files():
            for record in READERS[file.suffix](file):
                yield self._row(record)

    def _row(self, record: Record) -> RawPrompt:
        if record is None:
            return RawPrompt("", "unreadable")
        columns = {} if isinstance(record, str) else record
        text = record if isinstance(record, str) else columns.get(self._column)
        if not isinstance(text, str):
            return RawPrompt("", "no text")
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            return RawPrompt("", "not UTF-8")
        return RawPrompt(text, self._excess(columns))

    def _excess(self, record: Mapping[str, Any]) -> str:
        """Which limit a row does not keep, if any."""
        for name, limit in self._at_most.items():
            try:
                value = float(record[name])
            except (KeyError, TypeError, ValueError):
                value = math.nan
            if math.isnan(value):
                return f"{name} unknown"
            if value > limit:
                return f"{name} above {limit:g}"
        return ""

    def _files(self) -> list[Path]:
        if not self._path.exists():
            raise StoredDataError(f"{self._path} does not exist; put the prompts there")
        found = sorted(self._path.iterdir()) if self._path.is_dir() else [self._path]
        files = [file for file in found if file.suffix in READERS]
        if not files:
            raise StoredDataError(
                f"{self._path} is no file of prompts; they end in {', '.join(READERS)}, or lie in a folder"
            )
        return files

    def _check_columns(self, file: Path) -> None:
        columns = COLUMNS[file.suffix](file) if file.suffix in COLUMNS else None
        if columns is None:
            return
        if missing := [name for name in (self._column, *self._at_most) if name not in columns]:
            raise StoredDataError(
                f"{no_column(str(file), missing[0], columns)}; name the right one in catalog.yml"
            )

    def _exists(self) -> bool:
        return self._path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._path, "column": self._column, "at_most": self._at_most}


def _open(file: Path, newline: str | None = None) -> IO[str]:
    """Text in which bytes that are not UTF-8 stand as lone surrogates."""
    return file.open(encoding="utf-8-sig", errors="surrogateescape", newline=newline)


def _csv_records(file: Path) -> Iterator[Record]:
    with _open(file, newline="") as stream:
        reader = csv.DictReader(stream)
        try:
            for record in reader:
                yield None if None in record else record
        except csv.Error as error:
            raise StoredDataError(
                f"{file} is not a CSV table: line {reader.line_num} ({error}); look for an open quote"
            ) from None


def _json_records(file: Path) -> Iterator[Record]:
    with _open(file) as stream:
        for line in stream:
            if line.strip():
                yield _json_record(line)


def _json_record(line: str) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str | dict) else None


def _lines(file: Path) -> Iterator[Record]:
    with _open(file) as stream:
        yield from stream


def _parquet_records(file: Path) -> Iterator[Record]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=4096):
            yield from batch.to_pylist()


def _csv_columns(file: Path) -> list[str]:
    with _open(file, newline="") as stream:
        return next(csv.reader(stream), [])


def _parquet_columns(file: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(pq.read_schema(file).names)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise StoredDataError(f"{file} is not a Parquet table ({reason}); replace it") from None


READERS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": _csv_records,
    ".jsonl": _json_records,
    ".parquet": _parquet_records,
    ".txt": _lines,
}
"""How files of each suffix are read, record by record."""
COLUMNS: dict[str, Callable[[Path], list[str]]] = {".csv": _csv_columns, ".parquet": _parquet_columns}
"""How the columns of files are read that have the same ones in every row."""
