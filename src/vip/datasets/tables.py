"""Tables that pandas opens, as Parquet or CSV."""

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kedro_datasets._typing import TablePreview

from vip.datasets.files import StoredDataError, load_sealed, local_path, save_sealed
from vip.datasets.sealed_file import SealedFileDataset
from vip.errors import UserError
from vip.types import Table

if TYPE_CHECKING:
    from pandas import Series

INTEGER = r"-?(?:0|[1-9]\d{0,17})"
NUMBER = rf"{INTEGER}(?:\.\d+)?(?:[eE][+-]?\d+)?|-?inf|nan"
TEXT_COLUMNS = ("prompt", "prompt_id", "pair_id", "key", "clip", "winner", "loser", "unit")
"""Columns of a CSV that are text even if all their cells look like numbers."""
SUFFIXES = (".parquet", ".csv")


class TableDataset(SealedFileDataset[Table, Table]):
    """A table in a `.parquet` or `.csv` file, sealed; the row index is not kept.

    A CSV is UTF-8; a prompt that reads "None" or "NA" stays that word. Columns in `text` are text whatever
    they hold; others are numbers or truth values where every cell is one (an empty one among them is NaN).

    YAML:
        raw_prompts:
          type: vip.datasets.TableDataset
          filepath: data/01_raw/prompts.csv

    Python:
        >>> import pandas as pd
        >>> dataset = TableDataset(filepath="prompts.csv")
        >>> dataset.save(pd.DataFrame({"prompt": ["None", "a red circle"], "score": [0.1, 4.0]}))
        >>> dataset.load()["prompt"].tolist()
        ['None', 'a red circle']
    """

    def __init__(
        self, filepath: str, text: Sequence[str] = TEXT_COLUMNS, metadata: dict[str, Any] | None = None
    ) -> None:
        """Take the file's path, whose suffix chooses the format, and a CSV's text columns."""
        self._path = local_path(filepath)
        self._text = tuple(text)
        self.metadata = metadata
        if self._path.suffix not in SUFFIXES:
            raise UserError(
                f"{self._path} is no table; name it {' or '.join('*' + suffix for suffix in SUFFIXES)}"
            )

    def load(self) -> Table:
        """Read the table; UserError where the file is missing, damaged, empty or of another format."""
        content = load_sealed(self._path)
        if not content.strip():
            raise StoredDataError(f"{self._path} is empty; delete it and run again, or fill it")
        return self._read_csv(content) if self._path.suffix == ".csv" else self._read_parquet(content)

    def save(self, data: Table) -> None:
        """Write the table; equal tables give equal bytes."""
        if self._path.suffix == ".csv":
            save_sealed(self._path, _to_csv(data).encode())
        else:
            save_sealed(self._path, data.to_parquet(index=False))

    def preview(self, nrows: int = 10) -> TablePreview:
        """The first rows, for kedro-viz."""
        head = self.load().head(nrows).astype(object)
        return TablePreview(head.where(head.notna(), None).to_dict(orient="split"))

    def _read_csv(self, content: bytes) -> Table:
        import pandas as pd

        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise StoredDataError(
                f"{self._path} is not UTF-8: line {line} holds byte {content[error.start]:#04x}; "
                f"save it as UTF-8 and run again"
            ) from None
        try:
            frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)
        except ValueError as error:  # pandas' parser errors are ValueErrors
            reason = " ".join(str(error).split())
            raise StoredDataError(f"{self._path} is not a CSV table ({reason}); correct it") from None
        if not isinstance(frame.index, pd.RangeIndex):  # pandas took a nameless first column for an index
            raise StoredDataError(f"{self._path} has rows longer than its header; quote cells with commas")
        return frame.assign(**{str(c): _typed(frame[c]) for c in frame.columns if c not in self._text})

    def _read_parquet(self, content: bytes) -> Table:
        import pandas as pd
        import pyarrow as pa

        try:
            return pd.read_parquet(io.BytesIO(content))
        except (pa.ArrowException, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise StoredDataError(f"{self._path} is not a Parquet table ({reason}); replace it") from None


def _to_csv(table: Table) -> str:
    """The table as CSV: text quoted, a number that is missing as `nan`, a text that is missing as nothing."""
    texts = table.select_dtypes(exclude=["number", "bool"])
    filled = table.assign(**{str(name): texts[name].fillna("") for name in texts})
    return filled.to_csv(index=False, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC, na_rep="nan")


def _typed(column: "Series[Any]") -> "Series[Any]":
    """A CSV column of text as what all of its cells are: integers, truth values, numbers, or text."""
    filled = column[column != ""]
    if filled.empty:
        return column
    if len(filled) == len(column):
        if column.isin(["True", "False"]).all():
            return column == "True"
        if column.str.fullmatch(INTEGER).all():
            return column.map(int)
    if filled.str.fullmatch(NUMBER).all():
        return column.map(lambda cell: float(cell or "nan"))
    return column
