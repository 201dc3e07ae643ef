"""Models as people download them: hub names, folders and checkpoint files; and the new folder they become."""

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vip.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

_TORN = (OSError, RuntimeError, EOFError, ValueError, LookupError)
"""What torch raises for files that are torn, or something else."""
DATA_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "*.md", "*.jinja")


def located(source: str, revision: str | None = None, patterns: Sequence[str] = DATA_FILES) -> Path:
    """A local path, or files like `patterns` of a name on the hub (None: at its newest revision)."""
    path = Path(source)
    if path.exists():
        return path
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", source):
        raise UserError(f"{source} is no file or folder here, and no name on the hub such as owner/model")
    from httpx2 import HTTPError  # also what breaks off in the middle of a download
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(source, revision=revision, allow_patterns=list(patterns)))
    except (OSError, ValueError, HTTPError) as error:
        raise UserError(
            f"{source} is no file or folder here, and cannot be had from the hub "
            f"({type(error).__name__}); download it first and give its folder"
        ) from None


def read_checkpoint(path: Path) -> "dict[str, Tensor]":
    """All tensors of a `.safetensors`, `.ckpt`, `.pth` or `.bin` file; nothing in it is ever executed.

    Goes into a Lightning checkpoint's `state_dict`. UserError where the file is missing, unreadable, or holds
    anything that is not data.
    """
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise UserError(f"{path} is missing; give the checkpoint file as it was downloaded")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, *_TORN) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"{path} cannot be read as a checkpoint of tensors alone ({reason}); download it again"
        ) from None
    content = content.get("state_dict", content) if isinstance(content, dict) else {}
    tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise UserError(f"{path} holds no tensors; give the checkpoint file as it was downloaded")
    return tensors


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder to fill that takes the name `target` once it is complete; UserError where that is taken."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UserError(f"{target} exists and is not empty; name a new folder, nothing is written over")
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield draft
        draft.chmod(0o755)
        draft.replace(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
