"""Content hashes: equal keys mean equal content."""

import hashlib
import json
from functools import cache
from pathlib import Path


def content_hash(*parts: object) -> str:
    """32 hex digits that depend on all parts (JSON values: text, numbers, lists, dicts, None)."""
    canonical = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def file_hash(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def package_hash(part: str = "") -> str:
    """The hash of all this package's files, or of those in a folder of it: code, and what lies beside it."""
    package = Path(__file__).parent
    files = (path for path in (package / part).rglob("*") if path.is_file() and path.suffix != ".pyc")
    return content_hash([(path.relative_to(package).as_posix(), file_hash(path)) for path in sorted(files)])
