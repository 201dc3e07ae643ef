"""Content hashes: equal keys mean equal content."""

import hashlib
import json
from pathlib import Path


def content_hash(*parts: object) -> str:
    """32 hex digits that depend on all parts (JSON values: text, numbers, lists, dicts, None)."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
