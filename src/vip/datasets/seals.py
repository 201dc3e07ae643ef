"""All seals of a folder, checked as `sha256sum -c` would check them."""

from collections.abc import Iterator
from pathlib import Path

from vip.datasets.files import SEAL_SUFFIX, damage, listed_hashes
from vip.hashing import file_hash


def seals_in(folder: Path) -> list[Path]:
    """Every seal below a folder, hidden folders left out."""
    found = folder.rglob(f"*{SEAL_SUFFIX}")
    return sorted(path for path in found if not any(p[0] == "." for p in path.relative_to(folder).parts))


def complaints(seal: Path) -> Iterator[str]:
    """What is wrong with the files that a seal vouches for; one that was being replaced has either hash."""
    recorded = listed_hashes(seal)
    if not recorded:
        yield f"{seal} is empty or damaged; delete it and run again"
    for name, hashes in recorded.items():
        path = seal.with_name(Path(name).name)
        if not path.is_file():
            yield f"{path} is missing, {seal.name} vouches for it; run again to make it"
        elif (found := file_hash(path)) not in hashes:
            yield damage(path, found, hashes[-1])
