"""VideoCrafter's published checkpoint: three models in one file, each under a prefix of its own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def _not_ours(missing: list[str]) -> str:
    return f"not a VideoCrafter checkpoint: {len(missing)} keys are missing ({_some(missing)})"


def _some(names: list[str]) -> str:
    more = f", and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
