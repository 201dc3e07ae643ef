"""Folders of transformer families: ordinary diffusers folders, with `pruning_record.json` where pruned.

The transformers' configurations count the blocks that are left, so `from_pretrained` loads a student too.
A clip has the size that the stock pipeline makes by default, unless `model_index.json` has an entry such as
`"_clip": {"frames": 33, "height": 320, "width": 512}` (pixels); diffusers ignores entries with an underscore.
As part of the folder it is part of the model's fingerprint.
"""

import inspect
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.components import open_model
from vip.families.storage import copy_component, read_json, write_json, write_weights
from vip.pruning.record import write_record

if TYPE_CHECKING:
    from torch import nn

    from vip.types import PruningRecord

TRANSFORMERS = ("transformer", "transformer_2")
"""Subfolders of denoisers; Wan 2.2 has both."""
COUPLED_TRANSFORMERS = (
    "WanVACETransformer3DModel",
    "WanAnimateTransformer3DModel",
    "ConsisIDTransformer3DModel",
)
"""Transformers with side modules that are tied to block numbers: no block can be taken out alone."""


@dataclass(frozen=True)
class ClipSize:
    """What a family makes clips of: frames, and height and width in pixels."""

    frames: int
    height: int
    width: int


def clip_size(folder: Path, default: ClipSize) -> ClipSize:
    """The folder's own clip size, or the pipeline's; UserError where an entry is no positive integer."""
    stated = read_json(folder / "model_index.json").get("_clip", {})
    if not isinstance(stated, Mapping) or set(stated) - set(asdict(default)):
        raise UserError(f"{folder}/model_index.json: _clip knows frames, height and width only; correct it")
    if wrong := [name for name, value in stated.items() if not isinstance(value, int) or value < 1]:
        raise UserError(f"{folder}/model_index.json: _clip.{wrong[0]} is no positive integer; correct it")
    return ClipSize(**asdict(default) | dict(stated))


def open_components(folder: Path, transformer_class: str) -> dict[str, Any]:
    """All parts that `model_index.json` names, models in float32, by the names of their subfolders."""
    listed = _listed(folder)
    for name in set(TRANSFORMERS) & set(listed):
        _check_transformer(folder / name, listed[name][1], transformer_class)
    return {name: _open(folder / name, *where) for name, where in listed.items()}


def pipeline_settings(folder: Path, pipeline_class: type) -> dict[str, Any]:
    """What `model_index.json` gives the pipeline's constructor besides its parts (`boundary_ratio`, say)."""
    known = set(inspect.signature(pipeline_class).parameters)
    index = read_json(folder / "model_index.json")
    return {name: value for name, value in index.items() if name in known and not isinstance(value, list)}


def save_folder(
    source: Path, transformers: "Mapping[str, nn.Module]", record: "PruningRecord", target: Path
) -> None:
    """Write the transformers from memory, and everything else as it is in the folder the model came from."""
    target.mkdir(parents=True, exist_ok=True)
    for name, transformer in transformers.items():
        write_weights(target / name, transformer.state_dict())
        write_json(target / name / "config.json", _corrected_config(source / name, transformer))
    for name in set(_listed(source)) - set(transformers):
        copy_component(source / name, target / name)
    for licence in sorted(source.glob("LICEN[CS]E*")):
        shutil.copyfile(licence, target / licence.name)
    index = read_json(source / "model_index.json")
    index.pop("_name_or_path", None)
    write_json(target / "model_index.json", index)
    write_record(record, target)


def _corrected_config(component: Path, transformer: Any) -> dict[str, Any]:
    """The stored configuration with the numbers of blocks that are left."""
    config = read_json(component / "config.json")
    config.pop("_name_or_path", None)
    counts = {name: value for name, value in transformer.config.items() if name.endswith("layers")}
    return config | counts


def _listed(folder: Path) -> dict[str, tuple[str, str]]:
    """Library and class of each part, without optional parts that the folder leaves out."""
    index = read_json(folder / "model_index.json")
    return {
        name: (str(value[0]), str(value[1]))
        for name, value in index.items()
        if isinstance(value, list) and len(value) == 2 and value[0] is not None
    }


def _open(component: Path, library: str, class_name: str) -> Any:
    if library not in {"diffusers", "transformers"}:
        raise UserError(
            f"{component.parent}/model_index.json takes {component.name} from {library}; "
            "only diffusers and transformers are supported, no custom code"
        )
    kind = getattr(import_module(library), class_name, None)
    if kind is None:
        raise UserError(f"{component.parent}/model_index.json names {class_name}, which {library} lacks")
    if component.name.startswith("tokenizer"):
        return kind.from_pretrained(component, local_files_only=True)
    if component.name == "scheduler":
        return kind.from_config(read_json(component / "scheduler_config.json"))
    return _open_model(kind, component, "torch_dtype" if library == "diffusers" else "dtype")


def _open_model(kind: Any, component: Path, precision: str) -> Any:
    import torch

    try:
        strict = component.name in TRANSFORMERS
        model = open_model(kind, component, strict=strict, **{precision: torch.float32})
    except UserError:
        raise
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"{component}: the weights do not fit config.json ({reason}); restore the folder from its source"
        ) from None
    for tensor in (*model.parameters(), *model.buffers()):
        # Out of the mapped file: where a tensor lies in it would otherwise decide the last bits of products.
        tensor.data = tensor.data.clone()
    return model.requires_grad_(requires_grad=False).eval()


def _check_transformer(component: Path, found: str, expected: str) -> None:
    if found in COUPLED_TRANSFORMERS:
        raise UserError(
            f"{component} is a {found}, whose side modules are tied to block numbers: its blocks cannot be "
            f"removed; choose a model with a {expected}"
        )
    if found != expected:
        raise UserError(f"{component} is a {found}, not a {expected}; choose the family that fits")
