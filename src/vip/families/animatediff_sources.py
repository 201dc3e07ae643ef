"""A Stable Diffusion 1.5 model and a motion adapter, as people download them, become a teacher's folder.

The adapter may be a diffusers folder or the file its authors published (`mm_sd_v15_v2.ckpt`), whose names and
sizes say all that its configuration has to.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.sources import located, new_folder, read_checkpoint
from vip.families.storage import copy_licences, read_json, weights_files, write_json, write_weights

if TYPE_CHECKING:
    from torch import Tensor

PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
IMAGE_MODEL_FILES = (
    *("model_index.json", "README.md", "*[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]*"),
    *(f"{part}/*{suffix}" for part in PARTS for suffix in (".json", ".txt", ".safetensors")),
)
"""What is fetched of an image model on the hub, which often holds all of it once more in single files."""
SCHEDULE = {
    "beta_schedule": "linear",
    "clip_sample": False,
    "timestep_spacing": "linspace",
    "steps_offset": 1,
}
"""What motion adapters are trained with, other than their image model (AnimateDiff, `inference.yaml`)."""

_ORIGINAL = "temporal_transformer"
_FIRST_LAYER = re.compile(rf"down_blocks\.(\d+)\.motion_modules\.(\d+)\.{_ORIGINAL}\.proj_in\.weight")
_POSITIONS = "attention_blocks.{}.pos_encoder.pe"
_RENAMED = {
    ".temporal_transformer": "",
    ".attention_blocks.0": ".attn1",
    ".attention_blocks.1": ".attn2",
    ".norms.0": ".norm1",
    ".norms.1": ".norm2",
    ".ff_norm": ".norm3",
}


def assemble(base: str, adapter: str, target: Path) -> None:
    """Write an AnimateDiff folder from a Stable Diffusion 1.5 folder and a motion adapter's folder or file.

    Both may also be names on the Hugging Face hub. Weights are copied as they are; only safetensors, or a
    checkpoint file that holds nothing but tensors, is read. UserError where a part is missing or `target`
    is not empty.
    """
    image_model, motion = located(base, patterns=IMAGE_MODEL_FILES), located(adapter)
    if image_model.is_file():
        raise UserError(
            f"{base} is a single file; give a diffusers folder, which diffusers' "
            "StableDiffusionPipeline.from_single_file(...).save_pretrained(...) makes of it"
        )
    with new_folder(target) as folder:
        for part in PARTS:
            _copy(image_model / part, folder / part)
        _write_scheduler(folder / "scheduler" / "scheduler_config.json")
        if motion.is_dir():
            _copy(motion, folder / "motion_adapter")
        else:
            _convert_adapter(motion, folder / "motion_adapter")
        copy_licences(image_model, folder)
        if (image_model / "README.md").is_file():
            shutil.copyfile(image_model / "README.md", folder / "README.md")
        write_json(folder / "model_index.json", _index(read_json(image_model / "model_index.json")))


def adapter_config(tensors: "Mapping[str, Tensor]") -> dict[str, Any]:
    """The MotionAdapter configuration that original weights imply: widths, modules a block, longest clip."""
    widths: dict[int, int] = {}
    layers: dict[int, int] = {}
    for key, tensor in tensors.items():
        if match := _FIRST_LAYER.match(key):
            block, layer = int(match[1]), int(match[2])
            widths[block], layers[block] = tensor.shape[0], max(layers.get(block, 0), layer + 1)
    positions = [tensor.shape[1] for key, tensor in tensors.items() if key.endswith("pos_encoder.pe")]
    if not widths or not positions:
        raise UserError(
            f"0 of {len(tensors)} tensors are those of an AnimateDiff motion adapter; expected names like "
            f"down_blocks.0.motion_modules.0.{_ORIGINAL}.proj_in.weight"
        )
    return {
        "_class_name": "MotionAdapter",
        "block_out_channels": [widths[block] for block in sorted(widths)],
        "motion_layers_per_block": layers[0],
        "motion_max_seq_length": positions[0],
        "use_motion_mid_block": any(key.startswith("mid_block.") for key in tensors),
    }


def adapter_weights(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Original weights under diffusers' names.

    The two attention layers of a block are given the same positions (sines and cosines): diffusers has them
    once, as a buffer that its files hold.
    """
    renamed = {}
    for key, tensor in tensors.items():
        if key.endswith(_POSITIONS.format(1)):
            continue
        name = key.replace(_POSITIONS.format(0), "pos_embed.pe")
        for old, new in _RENAMED.items():
            name = name.replace(old, new)
        renamed[name] = tensor
    return renamed


def _convert_adapter(file: Path, target: Path) -> None:
    tensors = {key.removeprefix("module."): tensor for key, tensor in read_checkpoint(file).items()}
    try:
        config = adapter_config(tensors)
    except UserError as error:
        raise UserError(f"{file}: {error}") from None
    write_weights(target, adapter_weights(tensors))
    write_json(target / "config.json", config)


def _copy(source: Path, target: Path) -> None:
    """One component: its configuration and vocabulary, and the weights that would be loaded."""
    target.mkdir(parents=True)
    described = [*source.glob("*.json"), *source.glob("*.txt")]
    files = [file for file in described if ".safetensors.index." not in file.name]
    if not files:
        raise UserError(f"{source} is missing or empty; give a diffusers folder with {', '.join(PARTS)}")
    if source.name not in {"tokenizer", "scheduler"}:
        files += weights_files(source)[1]
    for file in files:
        shutil.copyfile(file, target / file.name)


def _write_scheduler(path: Path) -> None:
    """DDIM on the adapter's own schedule, whatever scheduler the image model came with."""
    config = read_json(path)
    kept = ("beta_start", "beta_end", "num_train_timesteps", "prediction_type")
    write_json(
        path,
        {"_class_name": "DDIMScheduler", **{key: config[key] for key in kept if key in config}, **SCHEDULE},
    )


def _index(image_model: Mapping[str, Any]) -> dict[str, Any]:
    """The index of an AnimateDiffPipeline around the parts of an image model."""
    return {
        **{part: image_model[part] for part in PARTS if part != "scheduler"},
        "_class_name": "AnimateDiffPipeline",
        "_diffusers_version": image_model.get("_diffusers_version", ""),
        "motion_adapter": ["diffusers", "MotionAdapter"],
        "scheduler": ["diffusers", "DDIMScheduler"],
    }
