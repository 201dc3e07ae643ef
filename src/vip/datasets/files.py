"""Files that are whole or not there: atomic writes, and seals that tell a file from what was written.

A seal is `<file>.sha256`, in the format of `sha256sum -c`. While a file is being replaced its seal lists the
old and the new hash, so a save killed at any moment leaves either content, and both are known.
"""

import hashlib
import os
from pathlib import Path

from kedro.io import DatasetError

from vip.disk import remove, sync
from vip.errors import UserError
from vip.faults import fault_point
from vip.hashing import file_hash

SEAL_SUFFIX = ".sha256"


class StoredDataError(UserError, DatasetError):
    """A UserError about stored data; being a DatasetError too, Kedro passes it on without wrapping it."""


def local_path(filepath: str | os.PathLike[str]) -> Path:
    """The path; UserError for addresses such as `s3://...`, where a rename is not atomic."""
    if "://" in os.fspath(filepath):
        raise UserError(f"{filepath} is not a local path; these datasets write to local disks only")
    return Path(filepath)


def digest(content: bytes) -> str:
    """The sha256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def temporary(path: Path) -> Path:
    """Where `path` is prepared before it takes its name; the next save overwrites what a killed one left."""
    return path.with_name(f".{path.name}.tmp")


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file as a whole; `durable` waits for the disk, so that not even a power cut tears it.

    A link is replaced, what it points to is left alone. UserError where the disk does not take the file.
    """
    draft = temporary(path)
    try:
        fault_point("file.write.before")
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(draft)
        _write_new(draft, content, durable=durable)
        fault_point("file.write.before_rename")
        draft.replace(path)
    except OSError as error:
        remove(draft)
        raise unwritable(path, error) from error
    except BaseException:
        remove(draft)
        raise
    fault_point("file.write.after")
    if durable:
        sync(path.parent)


def _write_new(path: Path, content: bytes, *, durable: bool) -> None:
    half, view = len(content) // 2, memoryview(content)
    with path.open("xb") as file:
        file.write(view[:half])
        file.flush()
        fault_point("file.write.inside")
        file.write(view[half:])
        if durable:
            file.flush()
            os.fsync(file.fileno())


def seal_of(path: Path) -> Path:
    """The file that records what `path` holds."""
    return path.with_name(path.name + SEAL_SUFFIX)


def listed_hashes(seal: Path) -> dict[str, list[str]]:
    """What a seal says of each file name: one hash, or two while the file is being replaced."""
    listed: dict[str, list[str]] = {}
    for line in seal.read_text(encoding="utf-8", errors="replace").splitlines():
        sha256, _, name = line.partition("  ")
        if name and not line.startswith("#"):
            listed.setdefault(name, []).append(sha256)
    return listed


def save_sealed(path: Path, content: bytes) -> None:
    """Write a file and its seal; killed at any moment, the old or the new content is there and intact."""
    fault_point("sealed.save.before")
    new = digest(content)
    _write_seal(path, [*_current_hashes(path), new])
    fault_point("sealed.save.announced")
    write_atomically(path, content)
    fault_point("sealed.save.replaced")
    _write_seal(path, [new])
    fault_point("sealed.save.after")


def load_sealed(path: Path, *, seal_required: bool = False) -> bytes:
    """Read a file and check it against its seal; a file without one (a user's own) is just read."""
    content = read_file(path)
    try:
        recorded = _recorded_hashes(path)
    except OSError as error:
        raise unreadable(seal_of(path), error) from None
    if recorded is None and seal_required:
        raise StoredDataError(f"{path} has lost its seal {seal_of(path).name}; delete {path} and run again")
    if recorded is not None and digest(content) not in recorded:
        raise StoredDataError(
            f"{damage(path, digest(content), recorded[-1] if recorded else '')}, "
            f"or, if the change is your own, delete {seal_of(path).name}"
        )
    return content


def is_intact(path: Path, *, seal_required: bool = False) -> bool:
    """Whether the file is there and `load_sealed` would accept it."""
    if not path.is_file():
        return False
    try:
        recorded = _recorded_hashes(path)
        return not seal_required if recorded is None else file_hash(path) in recorded
    except OSError:
        return False


def damage(path: Path, found: str, recorded: str) -> str:
    """One line for a file that is not what was written, with the remedy."""
    return (
        f"{path} is damaged or was altered: its sha256 is {short(found)}, {short(recorded)} was written; "
        f"delete it and run again"
    )


def short(sha256: str) -> str:
    """As much of a hash as a person compares."""
    return f"{sha256[:12]}..." if sha256 else "none"


def read_file(path: Path) -> bytes:
    """The bytes of a file; UserError where there is none, or where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise StoredDataError(f"{path} does not exist; run what makes it, or put it there") from None
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: OSError) -> StoredDataError:
    """One line for a file that is there and cannot be read, with the remedy."""
    if isinstance(error, IsADirectoryError):
        return StoredDataError(_folder_in_the_way(path))
    return StoredDataError(
        f"{path} cannot be read ({error.strerror}); make it readable, or delete it and run again"
    )


def unwritable(path: Path, error: OSError) -> StoredDataError:
    """One line for what a disk does not take, with the remedy."""
    if isinstance(error, IsADirectoryError):
        return StoredDataError(_folder_in_the_way(path))
    where = f": {error.filename}" if error.filename else ""
    return StoredDataError(
        f"{path} cannot be written ({error.strerror}{where}); what was there is kept: make room, "
        "or mend what is named, and run the same command again"
    )


def _folder_in_the_way(path: Path) -> str:
    return f"{path} is a folder, but a file is expected; move it away and run again"


def _current_hashes(path: Path) -> list[str]:
    if not path.is_file():
        return []
    try:
        recorded = _recorded_hashes(path)
        return [file_hash(path)] if recorded is None else recorded
    except OSError:
        return []  # what cannot be read is not vouched for


def _recorded_hashes(path: Path) -> list[str] | None:
    """What the seal vouches for: the hashes listed under the file's own name; None without a seal."""
    try:
        return listed_hashes(seal_of(path)).get(path.name, [])
    except FileNotFoundError:
        return None


def _write_seal(path: Path, hashes: list[str]) -> None:
    lines = "".join(f"{sha256}  {path.name}\n" for sha256 in dict.fromkeys(hashes))
    write_atomically(seal_of(path), lines.encode())
