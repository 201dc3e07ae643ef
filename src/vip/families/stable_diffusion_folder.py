"""What is alike in the folders of all Stable Diffusion descendants: everything but the denoiser."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError
from vip.families.components import check_scheduler, open_model
from vip.families.diffusion import PREDICTION_TYPES
from vip.families.outlines import outline
from vip.families.storage import copy_component, copy_licences, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

FROZEN_COMPONENTS = ("vae", "text_encoder", "tokenizer", "scheduler")
"""Subfolders that a student inherits from its teacher as they are."""


def open_components(folder: Path, scheduler_class: Any) -> dict[str, Any]:
    """VAE, text encoder, tokenizer and scheduler, by the names of their subfolders.

    UserError where the folder's scheduler is not of the class that the family samples with.
    """
    import torch
    from diffusers import AutoencoderKL
    from transformers import CLIPTextModel

    return {
        "vae": open_model(AutoencoderKL, folder / "vae", torch_dtype=torch.float32),
        "text_encoder": open_model(CLIPTextModel, folder / "text_encoder", dtype=torch.float32),
        **_without_weights(folder, scheduler_class),
    }


def outline_components(folder: Path, scheduler_class: Any) -> dict[str, Any]:
    """As `open_components`, with the models on the meta device, from their configurations alone."""
    from diffusers import AutoencoderKL

    return {
        "vae": outline(AutoencoderKL.from_config, read_json(folder / "vae" / "config.json")),
        "text_encoder": outline(_text_encoder, read_json(folder / "text_encoder" / "config.json")),
        **_without_weights(folder, scheduler_class),
    }


def copy_frozen(source: Path, target: Path) -> None:
    """Copy what a student inherits: the components around its denoiser, and its teacher's licence texts."""
    for component in FROZEN_COMPONENTS:
        copy_component(source / component, target / component)
    copy_licences(source, target)


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


def _text_encoder(config: dict[str, Any]) -> "nn.Module":
    from transformers import CLIPTextConfig, CLIPTextModel

    return cast("nn.Module", CLIPTextModel(CLIPTextConfig.from_dict(config)))


def _without_weights(folder: Path, scheduler_class: Any) -> dict[str, Any]:
    from transformers import CLIPTokenizer

    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    check_scheduler(folder, scheduler, (scheduler_class.__name__,), PREDICTION_TYPES)
    return {
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        "scheduler": scheduler_class.from_config(scheduler),
    }
