"""Folders that are whole or not there: drafted beside their place, indexed with hashes, then moved there."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from vip.datasets.files import StoredDataError, damage, temporary, unreadable, unwritable, write_atomically
from vip.disk import remove, sync
from vip.faults import fault_point
from vip.hashing import content_hash, file_hash

INDEX = "index.json"


def save_folder(folder: Path, fill: Callable[[Path], None], facts: Mapping[str, Any]) -> None:
    """Let `fill` write a draft, index it with facts, move it in place; killed earlier, the old one stays."""
    draft = temporary(folder)
    try:
        fault_point("folder.save.before")
        recover(folder)
        remove(draft)
        draft.mkdir(parents=True)
        fill(draft)
        fault_point("folder.save.filled")
        _write_index(draft, facts)
        fault_point("folder.save.before_rename")
        _replace(folder, draft)
    except OSError as error:
        remove(draft)
        recover(folder)
        raise unwritable(folder, error) from error
    except BaseException:
        remove(draft)
        raise
    fault_point("folder.save.after")


def verified_index(folder: Path) -> dict[str, Any]:
    """The index: the facts, `fingerprint`, and `files` with sha256 and bytes by name, each file checked.

    UserError naming the file that is missing, damaged or altered, or that was put beside those of its kind.
    """
    index = _read_index(folder)
    for name, recorded in index["files"].items():
        path = folder / name
        if not path.is_file():
            raise StoredDataError(f"{path} is missing; {_remedy(folder)}")
        if (found := _hash(path)) != recorded["sha256"]:
            line = damage(path, found, recorded["sha256"]).rpartition(";")[0]
            raise StoredDataError(f"{line}; {_remedy(folder)}")
    _refuse_strangers(folder, index["files"])
    return index


def _refuse_strangers(folder: Path, files: Mapping[str, Any]) -> None:
    """A loader may take a file that the index does not list for one of its own."""
    kinds = {PurePosixPath(name).suffix for name in files}
    for path in files_of(folder):
        if path.suffix in kinds and path.relative_to(folder).as_posix() not in files:
            raise StoredDataError(f"{path} is not in {INDEX}; move it away, or delete {folder} and run again")


def _hash(path: Path) -> str:
    try:
        return file_hash(path)
    except OSError as error:
        raise unreadable(path, error) from None


def is_whole(folder: Path) -> bool:
    """Whether the index is intact and all its files are there at their sizes."""
    try:
        files = _read_index(folder)["files"]
    except StoredDataError:
        return False
    return all(_size(folder / name) == recorded["bytes"] for name, recorded in files.items())


def recover(folder: Path) -> None:
    """Undo a replacement that was killed between its two renames."""
    if _aside(folder).exists() and not folder.exists() and not folder.is_symlink():
        _aside(folder).rename(folder)


def files_of(folder: Path) -> list[Path]:
    """The files in a fixed order, without the index and without hidden ones (`.cache`, say)."""
    names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return [
        folder / name for name in names if str(name) != INDEX and not any(p[0] == "." for p in name.parts)
    ]


def fingerprint(hashes: dict[str, str]) -> str:
    """What a folder is: the hash of its files' names and hashes."""
    return content_hash(sorted(hashes.items()))


def _write_index(folder: Path, facts: Mapping[str, Any]) -> None:
    files = {
        path.relative_to(folder).as_posix(): {"sha256": file_hash(path), "bytes": path.stat().st_size}
        for path in files_of(folder)
    }
    hashes = {name: str(recorded["sha256"]) for name, recorded in files.items()}
    index: dict[str, Any] = {**facts, "fingerprint": fingerprint(hashes), "files": files}
    index["seal"] = content_hash(index)
    write_atomically(folder / INDEX, f"{json.dumps(index, indent=2)}\n".encode())


def _read_index(folder: Path) -> dict[str, Any]:
    """The index, checked against the hash of itself that it holds."""
    try:
        index: dict[str, Any] = json.loads((folder / INDEX).read_bytes())
        intact = index.pop("seal") == content_hash(index)
        inside = all(_is_inside(name) for name in index["files"])
    except FileNotFoundError:
        raise StoredDataError(f"{folder / INDEX} is missing; {_remedy(folder)}") from None
    except OSError as error:
        raise unreadable(folder / INDEX, error) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact or not inside:
        raise StoredDataError(f"{folder / INDEX} is damaged or was altered; {_remedy(folder)}")
    return index


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _replace(folder: Path, draft: Path) -> None:
    """Put the draft in the folder's place, once all of it is on disk."""
    for path in [*files_of(draft), draft / INDEX]:
        sync(path)
    aside = _aside(folder)
    remove(aside)
    if folder.exists() or folder.is_symlink():
        folder.rename(aside)
    fault_point("folder.save.between_renames")
    draft.rename(folder)
    sync(folder.parent)
    fault_point("folder.save.renamed")
    remove(aside)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else -1


def _remedy(folder: Path) -> str:
    return f"delete {folder} and run again, or put back what was there"
