"""Folders of models around a `UNet3DConditionModel`: a student's `unet/` holds the weights that are left."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.outlines import outline
from vip.families.stable_diffusion_folder import copy_frozen, load_strictly
from vip.families.storage import count_parameters, read_json, read_weights, write_weights
from vip.families.unet3d_parts import Part, is_present, parts_named, parts_of, remove_part
from vip.pruning.record import RECORD_FILE, check_modules, check_parameters, write_record
from vip.types import PruningRecord

if TYPE_CHECKING:
    from torch import nn


def outline_unet3d(folder: Path, record: PruningRecord, unet_class: Any) -> "nn.Module":
    """The U-Net on the meta device, from its configuration alone, without what the record says is gone."""
    config = read_json(folder / "unet" / "config.json")
    if config.get("_class_name") != unet_class.__name__:
        raise UserError(
            f"{folder}/unet names {config.get('_class_name')}, not {unet_class.__name__}; "
            "restore the folder from its source"
        )
    denoiser = outline(unet_class.from_config, config)
    for part in _removed_parts(folder, record, parts_of(denoiser)):
        remove_part(denoiser, part)
    return denoiser


def open_unet3d(folder: Path, record: PruningRecord, unet_class: Any) -> "nn.Module":
    """Build the U-Net without weights, take out what the record says is gone, and load the rest strictly."""
    denoiser = outline_unet3d(folder, PruningRecord("", ""), unet_class)
    removable = [part for part in parts_of(denoiser) if not part.reason]
    removed = _removed_parts(folder, record, removable)
    state = read_weights(folder / "unet")
    stored = {part.name for part in removable if any(key.startswith(_prefixes(part)) for key in state)}
    names = [part.name for part in removable]
    check_modules(folder, names, stored, [part.name for part in removed])
    for part in removed:
        remove_part(denoiser, part)
    load_strictly(denoiser, state, f"{folder}/unet: the weights")
    check_parameters(folder, record, count_parameters(denoiser))
    return denoiser


def save_unet3d(source: Path, denoiser: "nn.Module", record: PruningRecord, target: Path) -> None:
    """Write the U-Net from memory, and everything else as it is in the folder the model came from."""
    parts = [part for part in parts_of(denoiser) if not part.reason]
    gone = {part.name for part in parts if not is_present(denoiser, part)}
    assert gone == {part.name for part in parts_named(record.removed, parts)}, (
        "the pruning record does not list the units that were removed"
    )
    target.mkdir(parents=True, exist_ok=True)
    write_weights(target / "unet", denoiser.state_dict())
    shutil.copyfile(source / "unet" / "config.json", target / "unet" / "config.json")
    shutil.copyfile(source / "model_index.json", target / "model_index.json")
    copy_frozen(source, target)
    write_record(record, target)


def _removed_parts(folder: Path, record: PruningRecord, parts: Sequence[Part]) -> list[Part]:
    try:
        return parts_named(record.removed, parts)
    except KeyError as error:
        raise UserError(
            f"{folder}: {RECORD_FILE} says that {error.args[0]} was removed, which is no unit that this "
            "U-Net can lose; restore the folder from its source"
        ) from None


def _prefixes(part: Part) -> tuple[str, ...]:
    return tuple(f"{path}." for path in part.paths)
