"""Reading VideoCrafter's checkpoint: one file, three models under three prefixes, nothing unpickled."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

UNET = "model.diffusion_model."
AUTOENCODER = "first_stage_model."
TEXT_ENCODER = "cond_stage_model."


@dataclass(frozen=True)
class Converted:
    """A model in diffusers' or transformers' terms: what to build it with, and its weights."""

    config: dict[str, Any]
    state: "dict[str, Tensor]"


def read_checkpoint(path: Path) -> "dict[str, Tensor]":
    """All tensors of a `.safetensors` file or of a torch checkpoint, by the names they have there.

    A torch checkpoint is read with `weights_only`, so it may hold tensors and plain values, nothing that runs
    code; its weights may be under `state_dict`. UserError where the file is missing, damaged or holds more.
    """
    import torch

    if not path.is_file():
        raise UserError(f"{path} does not exist; give the path of VideoCrafter's model.ckpt")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_torch(path)
    if isinstance(content, Mapping):
        content = content.get("state_dict", content)
    if not isinstance(content, Mapping):
        raise UserError(
            f"{path} holds a {type(content).__name__}, not named tensors; is it VideoCrafter's model.ckpt?"
        )
    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}


def part_of(state: "Mapping[str, Tensor]", prefix: str) -> "dict[str, Tensor]":
    """The tensors under a prefix, named without it; UserError where there are none."""
    found = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    if not found:
        raise UserError(_not_ours([f"{prefix}*"]))
    return found


def need(state: "Mapping[str, Tensor]", prefix: str, names: Iterable[str]) -> None:
    """Refuse a checkpoint that lacks any of these tensors, naming them with the prefix of their model."""
    if missing := [f"{prefix}{name}" for name in names if name not in state]:
        raise UserError(_not_ours(missing))


def renamed(
    state: "Mapping[str, Tensor]", prefix: str, new_prefixes: Mapping[str, str]
) -> "dict[str, Tensor]":
    """The tensors with the beginnings of their names exchanged; UserError for a name that none begins.

    The longest beginning counts. Weights become float32.
    """
    import torch

    found, unknown = {}, []
    longest_first = sorted(new_prefixes, key=len, reverse=True)
    for name, value in state.items():
        old = next((old for old in longest_first if name.startswith(old)), None)
        if old is None:
            unknown.append(f"{prefix}{name}")
        else:
            found[new_prefixes[old] + name.removeprefix(old)] = value.to(torch.float32)
    if unknown:
        raise UserError(
            f"not a VideoCrafter checkpoint: {len(unknown)} tensors have no place in its model "
            f"({_some(unknown)})"
        )
    return found


def check_complete(converted: Converted, model: Any, prefix: str) -> None:
    """Refuse weights that are not exactly those of `model`, which may be without weights itself."""
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    stored = {name: tuple(value.shape) for name, value in converted.state.items()}
    wrong = sorted(set(expected.items()) ^ set(stored.items()))
    if wrong:
        names = list(dict.fromkeys(name for name, _ in wrong))
        raise UserError(
            f"not a VideoCrafter checkpoint: under {prefix}* there are {len(stored)} tensors, the model they "
            f"describe has {len(expected)}; {len(names)} are missing or do not fit ({_some(names)})"
        )


def _read_safetensors(path: Path) -> object:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise UserError(f"{path} is not a readable safetensors file ({error}); download it again") from None


def _read_torch(path: Path) -> object:
    import pickle

    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).partition(".")[0].partition("\n")[0]
        raise UserError(
            f"{path} holds more than tensors, or is no checkpoint, and nothing is unpickled here ({reason}); "
            "save its state_dict as a .safetensors file and give that"
        ) from None
    except (RuntimeError, OSError, EOFError, KeyError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UserError(f"{path} is not a readable torch checkpoint ({reason}); download it again") from None


def _not_ours(missing: list[str]) -> str:
    return f"not a VideoCrafter checkpoint: {len(missing)} keys are missing ({_some(missing)})"


def _some(names: list[str], limit: int = 3) -> str:
    more = f", and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
