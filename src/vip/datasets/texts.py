"""Small things as text: JSON values and pages such as the report."""

import json
from pathlib import Path
from typing import Any

from kedro_datasets._typing import JSONPreview

from vip.datasets.files import StoredDataError, digest, load_sealed, local_path, save_sealed
from vip.datasets.inputs import InputDataset
from vip.datasets.sealed_file import SealedFileDataset
from vip.hashing import content_hash


class JsonDataset(SealedFileDataset[Any, Any]):
    """A JSON value in a file, sealed.

    YAML:
        pruning_record:
          type: vip.datasets.JsonDataset
          filepath: data/06_models/stage_1/pruning_record.json

    Python:
        >>> dataset = JsonDataset(filepath="record.json")
        >>> dataset.save({"removed": ["up_blocks.0.1"], "parameters": 219})
        >>> dataset.load()
        {'removed': ['up_blocks.0.1'], 'parameters': 219}
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the file's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> Any:
        """Read the value; UserError where the file is missing, damaged or not JSON."""
        try:
            return json.loads(load_sealed(self._path).decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise StoredDataError(f"{self._path} is not valid JSON ({error}); correct it") from None

    def save(self, data: Any) -> None:
        """Write the value, its keys in their order; NaN is not JSON."""
        text = json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False)
        save_sealed(self._path, f"{text}\n".encode())

    def preview(self) -> JSONPreview:
        """What kedro-viz shows."""
        return JSONPreview(json.dumps(self.load()))


class JsonFolderDataset(InputDataset[dict[str, Any]]):
    """All JSON files in a folder that people put there, by their names.

    YAML:
        votes:
          type: vip.datasets.JsonFolderDataset
          filepath: data/01_raw/votes/stage_1

    Python:
        >>> from pathlib import Path
        >>> Path("votes").mkdir()
        >>> _ = Path("votes/ann.json").write_text("[1, 2]")
        >>> JsonFolderDataset(filepath="votes").load()
        {'ann.json': [1, 2]}
    """

    NATURE = "is for files from elsewhere"

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the folder's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> dict[str, Any]:
        """Read all files; UserError where there is none, or where one is not JSON."""
        files = self._files()
        if not files:
            raise StoredDataError(f"{self._path} holds no .json file; put those there that are to be read")
        return {file.name: JsonDataset(str(file)).load() for file in files}

    def fingerprint(self) -> str:
        """The hash of all files' names and hashes; UserError naming one that cannot be read."""
        return content_hash([(file.name, digest(load_sealed(file))) for file in self._files()])

    def _files(self) -> list[Path]:
        return sorted(self._path.glob("*.json")) if self._path.is_dir() else []

    def _exists(self) -> bool:
        return True  # whether there are files is told by `load`, with what to do

    def _describe(self) -> dict[str, Path]:
        return {"filepath": self._path}


class TextDataset(SealedFileDataset[str, str]):
    """A UTF-8 text (an HTML report, say) in a file, sealed.

    YAML:
        report:
          type: vip.datasets.TextDataset
          filepath: data/08_reporting/report.html

    Python:
        >>> dataset = TextDataset(filepath="report.html")
        >>> dataset.save("<h1>Smaller, and as good</h1>")
        >>> dataset.load()
        '<h1>Smaller, and as good</h1>'
    """

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Take the file's path."""
        self._path = local_path(filepath)
        self.metadata = metadata

    def load(self) -> str:
        """Read the text; UserError where the file is missing, damaged or not UTF-8."""
        try:
            return load_sealed(self._path).decode("utf-8")
        except UnicodeDecodeError as error:
            raise StoredDataError(f"{self._path} is not UTF-8 ({error}); save it as UTF-8") from None

    def save(self, data: str) -> None:
        """Write the text as it is."""
        save_sealed(self._path, data.encode())
