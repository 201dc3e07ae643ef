"""Where a report comes from: versions, commit, machine, command."""

import os
import platform
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("vip", "torch", "diffusers", "transformers", "accelerate", "kedro", "pandas", "plotly")


def versions() -> dict[str, str]:
    """Python's and the packages' versions; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The commit of the working folder, with `-dirty` where files differ from it; None outside git."""
    git = shutil.which("git")
    if git is None:
        return None
    told = subprocess.run(  # noqa: S603
        [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or None


def machine() -> str:
    """Operating system, processor cores and, where there is one, the accelerator."""
    import torch

    name = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"
    return f"{name}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else name


def command() -> str:
    """The command line that is running, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def now() -> str:
    """Date and time, UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
