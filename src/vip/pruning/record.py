"""The pruning record: what a student has lost since its teacher, as JSON beside its weights."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from vip.errors import UserError
from vip.types import PruningRecord

RECORD_FILE = "pruning_record.json"


def record_to_json(record: PruningRecord) -> dict[str, Any]:
    """The record as JSON values, with the names of all removed units in one list for the reader."""
    content: dict[str, Any] = json.loads(json.dumps(asdict(record)))
    return content | {"removed": list(record.removed)}


def record_from_json(content: Mapping[str, Any]) -> PruningRecord:
    """Read back what `record_to_json` wrote; UserError saying what is wrong with anything else."""
    fields = {name: value for name, value in content.items() if name != "removed"}
    try:
        record = TypeAdapter(PruningRecord).validate_python(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"pruning record: {where}: {first['msg']}; restore the file from its source"
        ) from None
    unknown = sorted(set(fields) - set(asdict(record)))
    if unknown:
        raise UserError(
            f"pruning record: unknown fields {', '.join(unknown)}; restore the file from its source"
        )
    if content.get("removed") != list(record.removed):
        raise UserError(
            "pruning record: the list `removed` is not that of the stages; restore the file from its source"
        )
    return record


def write_record(record: PruningRecord, folder: Path) -> None:
    """Write `pruning_record.json` into a model folder."""
    text = json.dumps(record_to_json(record), indent=2, sort_keys=True) + "\n"
    (folder / RECORD_FILE).write_text(text, encoding="utf-8")


def read_record(folder: Path) -> PruningRecord | None:
    """Read `pruning_record.json` from a model folder; None where there is none (a teacher)."""
    path = folder / RECORD_FILE
    if not path.exists():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not valid JSON ({error}); restore it from its source") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; restore it from its source")
    try:
        return record_from_json(content)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def check_modules(
    folder: Path, all_paths: Collection[str], stored_paths: Collection[str], removed_paths: Collection[str]
) -> None:
    """Refuse a folder whose weights are not those that its record leaves.

    `all_paths` are the prunable modules of the unpruned model, `stored_paths` those whose weights the
    folder holds, `removed_paths` those that the record says are gone.
    """
    unknown = sorted(set(removed_paths) - set(all_paths))
    missing = sorted(set(all_paths) - set(removed_paths) - set(stored_paths))
    extra = sorted(set(stored_paths) - (set(all_paths) - set(removed_paths)))
    if not (unknown or missing or extra):
        return
    reasons = [f"{path} is missing" for path in missing]
    reasons += [f"{path} should be gone" for path in extra]
    reasons += [f"{path} is unknown" for path in unknown]
    expected = len(set(all_paths) - set(removed_paths))
    raise UserError(
        f"{folder}: the weights hold {len(set(stored_paths))} prunable modules, {RECORD_FILE} leaves "
        f"{expected} of {len(set(all_paths))} ({', '.join(reasons)}); restore the folder from its source"
    )


def check_parameters(folder: Path, record: PruningRecord, parameters: int) -> None:
    """Refuse a folder whose record counts other prunable parameters than its weights have."""
    if record.stages and record.stages[-1].parameters_after != parameters:
        raise UserError(
            f"{folder}: the weights have {parameters:,} prunable parameters, {RECORD_FILE} says "
            f"{record.stages[-1].parameters_after:,}; restore the folder from its source"
        )
