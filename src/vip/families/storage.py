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
VARIANTS = (None, "fp16", "bf16")
"""What may stand in such a name before its suffix, the most precise first."""
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


def weights_files(component: Path) -> tuple[str | None, list[Path]]:
    """A component's variant, and its files: one of safetensors, or an index and the shards that it names.

    Full precision goes before fp16 and that before bf16, one file before shards. UserError where there is
    none, or not all that the index names.
    """
    for variant in VARIANTS:
        infix = f".{variant}" if variant else ""
        for name in WEIGHTS:
            whole = component / f"{name.removesuffix('.safetensors')}{infix}.safetensors"
            index = component / f"{name}.index{infix}.json"
            if whole.is_file():
                return variant, [whole]
            if index.is_file():
                return variant, [index, *_shards(index)]
    raise UserError(f"{component} holds no {' or '.join(WEIGHTS)}; convert its weights to safetensors first")


def _shards(index: Path) -> list[Path]:
    """The files that an index of tensors names, all of them beside it."""
    named = read_json(index).get("weight_map")
    names = set(named.values()) if isinstance(named, dict) else set()
    if not names or not all(isinstance(name, str) and Path(name).name == name for name in names):
        raise UserError(f"{index} does not name files beside it; restore it from its source")
    shards = [index.parent / name for name in sorted(names)]
    for shard in shards:
        if not shard.is_file() or shard.suffix != ".safetensors":
            raise UserError(f"{index} names {shard.name}, which is missing or no safetensors; restore it")
    return shards


def variant_of(component: Path) -> str | None:
    """The `variant` argument that makes `from_pretrained` find a component's safetensors, sharded or not."""
    return weights_files(component)[0]


def read_weights(component: Path) -> "dict[str, Tensor]":
    """All tensors of a component, floating ones as float32, copied out of the file or its shards."""
    _, files = weights_files(component)
    return {
        name: tensor
        for path in files
        if path.suffix == ".safetensors"
        for name, tensor in _read_file(path).items()
    }


def _read_file(path: Path) -> "dict[str, Tensor]":
    import torch

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
