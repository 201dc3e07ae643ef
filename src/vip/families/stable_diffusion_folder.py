"""What is alike in the folders of all Stable Diffusion descendants: everything but the denoiser."""

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.families.storage import copy_component, read_json, variant_of

if TYPE_CHECKING:
    from torch import Tensor, nn

FROZEN_COMPONENTS = ("vae", "text_encoder", "tokenizer", "scheduler")
"""Subfolders that a student inherits from its teacher as they are."""


def open_components(folder: Path, scheduler_class: Any) -> dict[str, Any]:
    """VAE, text encoder, tokenizer and scheduler, by the names of their subfolders.

    UserError where the folder's scheduler is not of the class that the family samples with.
    """
    import torch
    from diffusers import AutoencoderKL
    from transformers import CLIPTextModel, CLIPTokenizer

    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    _check_scheduler(folder, scheduler, scheduler_class.__name__)
    return {
        "vae": _open_frozen(AutoencoderKL, folder / "vae", torch_dtype=torch.float32),
        "text_encoder": _open_frozen(CLIPTextModel, folder / "text_encoder", dtype=torch.float32),
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        "scheduler": scheduler_class.from_config(scheduler),
    }


def copy_frozen(source: Path, target: Path) -> None:
    """Copy what a student inherits: the components around its denoiser, and its teacher's licence texts."""
    for component in FROZEN_COMPONENTS:
        copy_component(source / component, target / component)
    for licence in sorted(source.glob("LICEN[CS]E*")):
        shutil.copyfile(licence, target / licence.name)


def load_strictly(denoiser: "nn.Module", state: "Mapping[str, Tensor]", where: str) -> None:
    """Give a model without weights exactly these; UserError, beginning with `where`, if they do not fit."""
    expected = denoiser.state_dict()
    wrong = sorted(set(expected) ^ set(state))
    wrong += sorted(key for key in set(expected) & set(state) if expected[key].shape != state[key].shape)
    if wrong:
        raise UserError(
            f"{where} store {len(state)} tensors, their config.json expects "
            f"{len(expected)}, {len(wrong)} do not fit (first {wrong[0]}); restore the folder from its source"
        )
    denoiser.load_state_dict(state, strict=True, assign=True)


def check_pipeline_class(folder: Path, expected: str) -> None:
    """Refuse folders of other families."""
    found = read_json(folder / "model_index.json").get("_class_name")
    if found != expected:
        raise UserError(
            f"{folder}/model_index.json names {found}, not {expected}; choose the family that fits"
        )


def read_licence(folder: Path) -> str:
    """The licence that the folder's model card names, or `unknown`."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    found = re.match(r"---\n(?:.*\n)*?license: *(\S+) *\n", text)
    return found.group(1) if found else "unknown"


def _open_frozen(component: Any, folder: Path, **precision: Any) -> Any:
    with _without_progress_bars():
        model, report = component.from_pretrained(
            folder,
            variant=variant_of(folder),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **precision,
        )
    missing = sorted(report["missing_keys"])
    if missing:
        raise UserError(
            f"{folder}: {len(missing)} of {len(model.state_dict())} tensors are missing (first "
            f"{missing[0]}); restore the folder from its source"
        )
    return model


@contextmanager
def _without_progress_bars() -> Iterator[None]:
    """Transformers shows a bar for every load, even of a small text encoder."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _check_scheduler(folder: Path, config: dict[str, Any], expected: str) -> None:
    if config.get("_class_name") != expected:
        raise UserError(
            f"{folder}/scheduler names {config.get('_class_name')}; this family samples with {expected}: "
            "save one there, with the beta schedule of the denoiser's training (AnimateDiff: linear)"
        )
    if config.get("prediction_type", "epsilon") not in {"epsilon", "v_prediction"}:
        raise UserError(
            f"{folder}/scheduler has prediction_type {config['prediction_type']!r}; "
            "this family knows epsilon and v_prediction"
        )
