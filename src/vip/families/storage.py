"""Diffusers folders on disk: JSON, safetensors and frozen components; never a pickle.

What is written depends on the content alone: no paths inside, keys sorted, so equal models give equal bytes.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.faults import fault_point
from vip.tensors import load_tensors, save_tensors

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WEIGHTS = ("diffusion_pytorch_model.safetensors", "model.safetensors")
"""Names under which diffusers and transformers store a component's weights."""
SAFE_SUFFIXES = {".json", ".safetensors", ".txt", ".model"}
"""What a student inherits from its teacher's folder; never a pickle."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; UserError where it is missing or not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing; is {path.parent} a diffusers folder?") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not valid JSON ({error}); restore it from its source") from None
    if not isinstance(content, dict):
        raise UserError(
            f"{path} holds a {type(content).__name__}, not a JSON object; restore it from its source"
        )
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object with sorted keys and a final newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def weights_file(component: Path) -> Path:
    """The component's safetensors file, fp16 variants included; UserError where it has none."""
    candidates = [component / name for name in WEIGHTS]
    candidates += [path.with_suffix(".fp16.safetensors") for path in candidates]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise UserError(f"{component} holds no {' or '.join(WEIGHTS)}; convert its weights to safetensors first")


def variant_of(component: Path) -> str | None:
    """The `variant` argument that makes `from_pretrained` find a component's safetensors, sharded or not."""
    for variant in (None, "fp16", "bf16"):
        infix = f".{variant}" if variant else ""
        for name in WEIGHTS:
            stem = name.removesuffix(".safetensors")
            whole, shards = f"{stem}{infix}.safetensors", f"{name}.index{infix}.json"
            if (component / whole).is_file() or (component / shards).is_file():
                return variant
    raise UserError(f"{component} holds no {' or '.join(WEIGHTS)}; convert its weights to safetensors first")


def read_weights(component: Path) -> "dict[str, Tensor]":
    """All tensors of a component, floating ones as float32, copied out of the file."""
    import torch

    path = weights_file(component)
    try:
        tensors = load_tensors(path)
    except ValueError as error:
        raise UserError(
            f"{path} is not a readable safetensors file ({error}); restore it from its source"
        ) from None
    return {
        name: tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
        for name, tensor in tensors.items()
    }


def write_weights(component: Path, tensors: "Mapping[str, Tensor]") -> None:
    """Write tensors bit for bit, sorted by name."""
    fault_point("weights.write.before")
    component.mkdir(parents=True, exist_ok=True)
    ready = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    save_tensors(component / WEIGHTS[0], ready, {"format": "pt"})
    fault_point("weights.write.after")


def copy_component(source: Path, target: Path) -> None:
    """Copy a frozen component's files as they are, leaving out everything that is not data."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        if file.is_file() and file.suffix in SAFE_SUFFIXES:
            shutil.copyfile(file, target / file.name)


def copy_licences(source: Path, target: Path) -> None:
    """Copy the licence texts and notices that stand beside a model, whatever the case of their names."""
    for file in sorted(source.iterdir()):
        if file.is_file() and re.search(r"licen[cs]e|^notice", file.name, re.IGNORECASE):
            shutil.copyfile(file, target / file.name)


def save_components(
    folder: Path, pipeline_class: str, components: "Mapping[str, Any]", **options: object
) -> None:
    """Write freshly made components (each with `save_pretrained`) as a folder that its pipeline class loads.

    `options` are further entries of `model_index.json`: what the pipeline is built with besides.
    """
    import diffusers

    index: dict[str, Any] = {"_class_name": pipeline_class, "_diffusers_version": diffusers.__version__}
    index |= options
    for name, component in components.items():
        component.save_pretrained(folder / name)
        module = type(component).__module__
        library = module.partition(".")[0]
        known = library in (
            "diffusers",
            "transformers",
        )  # diffusers' own rule, too: others by their full path
        index[name] = [library if known else module, type(component).__name__]
        for config in (folder / name).glob("*config.json"):
            content = read_json(config)
            if content.pop("_name_or_path", None) is not None:
                write_json(config, content)
    write_json(folder / "model_index.json", index)


def count_parameters(module: "torch.nn.Module") -> int:
    """How many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())
