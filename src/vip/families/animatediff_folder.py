"""AnimateDiff folders: stock ones, students', and those that `AnimateDiffPipeline.save_pretrained` writes.

A student has a stock folder's layout and `pruning_record.json`; its `motion_adapter/` keeps the full
configuration and holds the weights of the motion modules that are left.
"""

import inspect
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError
from vip.families.components import open_model
from vip.families.motion_modules import all_paths, module_of, paths_of_units, remaining_paths
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
    from torch import Tensor, nn


FROZEN_COMPONENTS = ("vae", "text_encoder", "tokenizer", "scheduler")


def outline_denoiser(folder: Path, record: PruningRecord) -> "nn.Module":
    """The U-Net on the meta device, from its configuration alone, without what the record says is gone."""
    import torch

    with torch.device("meta"):
        denoiser = _build_denoiser(folder)
    remove_modules(denoiser, sorted(paths_of_units(record.removed, all_paths(denoiser))))
    return denoiser


def open_denoiser(folder: Path, record: PruningRecord) -> "nn.Module":
    """Build the U-Net without weights, take out what the record says is gone, and load the rest strictly."""
    denoiser = outline_denoiser(folder, PruningRecord("", ""))
    modules = all_paths(denoiser)
    removed = paths_of_units(record.removed, modules)
    state = read_weights(folder / "unet")
    if not any(map(module_of, state)):
        state |= read_weights(folder / "motion_adapter")
    check_modules(folder, modules, {path for key in state if (path := module_of(key))}, removed)
    remove_modules(denoiser, sorted(removed))
    _load_strictly(denoiser, state, folder)
    check_parameters(folder, record, sum(count_parameters(denoiser.get_submodule(path)) for path in modules))
    return denoiser


def open_components(folder: Path) -> dict[str, Any]:
    """VAE, text encoder, tokenizer and scheduler, by the names of their subfolders."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler
    from transformers import CLIPTextModel, CLIPTokenizer

    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    _check_scheduler(folder, scheduler)
    return {
        "vae": open_model(AutoencoderKL, folder / "vae", torch_dtype=torch.float32),
        "text_encoder": open_model(CLIPTextModel, folder / "text_encoder", dtype=torch.float32),
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        "scheduler": DDIMScheduler.from_config(scheduler),
    }


def outline_components(folder: Path) -> dict[str, Any]:
    """As `open_components`, with the models on the meta device, from their configurations alone."""
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    _check_scheduler(folder, scheduler)
    with torch.device("meta"):
        vae = AutoencoderKL.from_config(read_json(folder / "vae" / "config.json"))
        text_encoder = CLIPTextModel(
            CLIPTextConfig.from_dict(read_json(folder / "text_encoder" / "config.json"))
        )
    return {
        "vae": vae,
        "text_encoder": text_encoder,
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        "scheduler": DDIMScheduler.from_config(scheduler),
    }


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
    _save_spatial(source / "unet", state, target / "unet")
    for component in FROZEN_COMPONENTS:
        copy_component(source / component, target / component)
    for licence in sorted(source.glob("LICEN[CS]E*")):
        shutil.copyfile(licence, target / licence.name)
    write_json(target / "model_index.json", _student_index(source))
    write_record(record, target)


def _build_denoiser(folder: Path) -> "nn.Module":
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    config = read_json(folder / "unet" / "config.json")
    adapter_config = read_json(folder / "motion_adapter" / "config.json")
    if config.get("_class_name") == "UNetMotionModel":
        return cast("nn.Module", UNetMotionModel.from_config(config))
    spatial = UNet2DConditionModel.from_config(config)
    adapter = MotionAdapter.from_config(adapter_config)
    try:
        return cast("nn.Module", UNetMotionModel.from_unet2d(spatial, adapter, load_weights=False))
    except ValueError as error:
        raise UserError(f"{folder}: unet/ and motion_adapter/ do not fit each other ({error})") from None


def _load_strictly(denoiser: "nn.Module", state: "dict[str, Tensor]", folder: Path) -> None:
    expected = denoiser.state_dict()
    wrong = sorted(set(expected) ^ set(state))
    wrong += sorted(key for key in set(expected) & set(state) if expected[key].shape != state[key].shape)
    if wrong:
        raise UserError(
            f"{folder}: unet/ and motion_adapter/ store {len(state)} tensors, their config.json expects "
            f"{len(expected)}, {len(wrong)} do not fit (first {wrong[0]}); restore the folder from its source"
        )
    denoiser.load_state_dict(state, strict=True, assign=True)


def _check_scheduler(folder: Path, config: dict[str, Any]) -> None:
    if config.get("_class_name") != "DDIMScheduler":
        raise UserError(
            f"{folder}/scheduler names {config.get('_class_name')}; this family samples with DDIMScheduler: "
            "save one there, with the beta schedule of the motion modules' training (AnimateDiff: linear)"
        )
    if config.get("prediction_type", "epsilon") not in {"epsilon", "v_prediction"}:
        raise UserError(
            f"{folder}/scheduler has prediction_type {config['prediction_type']!r}; "
            "this family knows epsilon and v_prediction"
        )


def _save_spatial(source: Path, state: "dict[str, Tensor]", target: Path) -> None:
    """Copy the spatial U-Net, or split it off where the source stores it together with its motion modules."""
    config = read_json(source / "config.json")
    if config["_class_name"] != "UNetMotionModel":
        copy_component(source, target)
        return
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
