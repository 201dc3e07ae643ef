"""AnimateDiff folders: stock ones, students', and those that `AnimateDiffPipeline.save_pretrained` writes.

A student has a stock folder's layout and `pruning_record.json`; its `motion_adapter/` keeps the full
configuration and holds the weights of the motion modules that are left.
"""

import inspect
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError
from vip.families.motion_modules import all_paths, module_of, paths_of_units, remaining_paths
from vip.families.outlines import outline
from vip.families.stable_diffusion_folder import FROZEN_COMPONENTS, copy_frozen, load_strictly
from vip.families.storage import (
    copy_component,
    count_parameters,
    read_json,
    read_weights,
    write_json,
    write_weights,
)
from vip.pruning.record import check_modules, check_parameters, write_record
from vip.pruning.surgery import remove_modules
from vip.types import PruningRecord

if TYPE_CHECKING:
    from torch import nn


def outline_denoiser(folder: Path, record: PruningRecord) -> "nn.Module":
    """The U-Net on the meta device, from its configuration alone, without what the record says is gone."""
    denoiser = _outline_denoiser(folder)
    remove_modules(denoiser, sorted(paths_of_units(record.removed, all_paths(denoiser))))
    return denoiser


def open_denoiser(folder: Path, record: PruningRecord) -> "nn.Module":
    """Build the U-Net without weights, take out what the record says is gone, and load the rest strictly."""
    denoiser = _outline_denoiser(folder)
    modules = all_paths(denoiser)
    removed = paths_of_units(record.removed, modules)
    state = read_weights(folder / "unet")
    if not any(map(module_of, state)):
        state |= read_weights(folder / "motion_adapter")
    check_modules(folder, modules, {path for key in state if (path := module_of(key))}, removed)
    remove_modules(denoiser, sorted(removed))
    load_strictly(denoiser, state, f"{folder}: unet/ and motion_adapter/")
    check_parameters(folder, record, sum(count_parameters(denoiser.get_submodule(path)) for path in modules))
    return denoiser


def save_student(source: Path, denoiser: "nn.Module", record: PruningRecord, target: Path) -> None:
    """Write motion weights from memory, and everything frozen as it is in the folder the model came from."""
    modules, remaining = all_paths(denoiser), remaining_paths(denoiser)
    assert set(modules) - set(remaining) == paths_of_units(record.removed, modules), (
        "the pruning record does not list the modules that were removed"
    )
    target.mkdir(parents=True, exist_ok=True)
    state = denoiser.state_dict()
    write_weights(target / "motion_adapter", {key: state[key] for key in state if module_of(key)})
    shutil.copyfile(source / "motion_adapter" / "config.json", target / "motion_adapter" / "config.json")
    _save_spatial(source / "unet", target / "unet")
    copy_frozen(source, target)
    write_json(target / "model_index.json", _student_index(source))
    write_record(record, target)


def _outline_denoiser(folder: Path) -> "nn.Module":
    from diffusers import UNetMotionModel

    config = read_json(folder / "unet" / "config.json")
    adapter_config = read_json(folder / "motion_adapter" / "config.json")
    if config.get("_class_name") == "UNetMotionModel":
        return outline(UNetMotionModel.from_config, config)
    try:
        return outline(_with_motion, config, adapter_config)
    except ValueError as error:
        raise UserError(f"{folder}: unet/ and motion_adapter/ do not fit each other ({error})") from None


def _with_motion(config: dict[str, Any], adapter_config: dict[str, Any]) -> "nn.Module":
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    spatial, adapter = UNet2DConditionModel.from_config(config), MotionAdapter.from_config(adapter_config)
    return cast("nn.Module", UNetMotionModel.from_unet2d(spatial, adapter, load_weights=False))


def _save_spatial(source: Path, target: Path) -> None:
    """Copy the spatial U-Net, or split it off where the source stores it together with its motion modules."""
    config = read_json(source / "config.json")
    if config["_class_name"] != "UNetMotionModel":
        copy_component(source, target)
        return
    state = read_weights(source)
    write_weights(target, {key: state[key] for key in state if not module_of(key)})
    write_json(target / "config.json", _spatial_config(config))


def _spatial_config(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of the UNet2DConditionModel inside a UNetMotionModel: undoes `from_unet2d`."""
    from diffusers import UNet2DConditionModel

    known = inspect.signature(UNet2DConditionModel.__init__).parameters
    spatial = {key: value for key, value in config.items() if key in known}
    for blocks in ("down_block_types", "up_block_types"):
        spatial[blocks] = [name.replace("Motion", "2D") for name in config[blocks]]
    spatial["attention_head_dim"] = spatial.pop("num_attention_heads")
    return {
        **spatial,
        "_class_name": "UNet2DConditionModel",
        "_diffusers_version": config["_diffusers_version"],
    }


def _student_index(source: Path) -> dict[str, Any]:
    index = read_json(source / "model_index.json")
    kept = ("_class_name", "_diffusers_version", "motion_adapter", *FROZEN_COMPONENTS)
    return {
        "unet": ["diffusers", "UNet2DConditionModel"],
        **{key: index[key] for key in kept if key in index},
    }
