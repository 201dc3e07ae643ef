"""Folders of transformer families: ordinary diffusers folders, with `pruning_record.json` where pruned.

The transformers' configurations count the blocks that are left, so `from_pretrained` loads a student too.
"""

import inspect
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.components import open_model
from vip.families.outlines import outline
from vip.families.storage import copy_component, copy_licences, read_json, write_json, write_weights
from vip.pruning.record import write_record

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def open_components(folder: Path, transformer_class: str, device: str) -> dict[str, Any]:
    """All parts that `model_index.json` names, models in float32, by the names of their subfolders.

    On the device "meta" models are made from their configurations alone.
    """
    listed = _listed(folder)
    for name in set(TRANSFORMERS) & set(listed):
        _check_transformer(folder / name, listed[name][1], transformer_class)
    return {name: _open(folder / name, *where, device) for name, where in listed.items()}


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
    copy_licences(source, target)
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


def _open(component: Path, library: str, class_name: str, device: str) -> Any:
    if library not in {"diffusers", "transformers"}:
        raise UserError(
            f"{component.parent}/model_index.json takes {component.name} from {library}; "
            "only diffusers and transformers are supported, no custom code"
        )
    kind = getattr(import_module(library), class_name, None)
    if kind is None:
        raise UserError(f"{component.parent}/model_index.json names {class_name}, which {library} lacks")
    if component.name.startswith("tokenizer"):
        return _open_tokenizer(kind, component)
    if component.name == "scheduler":
        return kind.from_config(read_json(component / "scheduler_config.json"))
    outline = device == "meta"
    model = (_outline_model if outline else _open_model)(kind, component, library)
    return model.requires_grad_(requires_grad=False).eval().to(device)


def _open_tokenizer(kind: Any, component: Path) -> Any:
    converted = (component / "tokenizer.json").is_file() or not list(component.glob("*.model"))
    if not converted and find_spec("sentencepiece") is None:
        raise UserError(
            f"{component} holds its vocabulary as a sentencepiece model only, and what reads it is not "
            "installed; pip install sentencepiece"
        )
    return kind.from_pretrained(component, local_files_only=True)


def _outline_model(kind: Any, component: Path, library: str) -> Any:
    """A model without weights. Text encoders do without masks, whose values transformers would look at."""
    import torch

    config = read_json(component / "config.json")
    if library == "diffusers":
        return outline(kind.from_config, config)
    with torch.device("meta"):
        model = kind(kind.config_class(**config))
    forward = model.forward

    def unmasked(input_ids: Any, *_mask: Any, attention_mask: Any = None, **named: Any) -> Any:
        del attention_mask
        return forward(input_ids=input_ids, **named)

    model.forward = unmasked
    return model


def _open_model(kind: Any, component: Path, library: str) -> Any:
    import torch

    precision = "torch_dtype" if library == "diffusers" else "dtype"
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
    return model


def _check_transformer(component: Path, found: str, expected: str) -> None:
    if found in COUPLED_TRANSFORMERS:
        raise UserError(
            f"{component} is a {found}, whose side modules are tied to block numbers: its blocks cannot be "
            f"removed; choose a model with a {expected}"
        )
    if found != expected:
        raise UserError(f"{component} is a {found}, not a {expected}; choose the family that fits")
