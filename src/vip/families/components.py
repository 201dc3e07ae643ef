"""Models out of diffusers folders, opened strictly, and what a folder says of itself."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vip.errors import UserError
from vip.families.storage import read_json, variant_of


def check_pipeline_class(folder: Path, expected: str) -> None:
    """Refuse folders of other families."""
    found = read_json(folder / "model_index.json").get("_class_name")
    if found != expected:
        raise UserError(
            f"{folder}/model_index.json names {found}, not {expected}; choose the family that fits"
        )


def check_scheduler(
    folder: Path, config: Mapping[str, Any], schedulers: tuple[str, ...], prediction_types: tuple[str, ...]
) -> None:
    """Refuse a scheduler, as its configuration describes it, that the folder's family does not sample with.

    Where it does not say what its denoiser predicts, the first of `prediction_types` is meant.
    """
    found = config.get("_class_name")
    if found not in schedulers:
        raise UserError(
            f"{folder}/scheduler names {found}; this family samples with {' or '.join(schedulers)}: save one "
            "there, with the noise schedule of the denoiser's training (AnimateDiff: linear betas)"
        )
    stated = config.get("prediction_type", prediction_types[0])
    if stated not in prediction_types:
        raise UserError(
            f"{folder}/scheduler has prediction_type {stated!r}; this family knows "
            f"{' and '.join(prediction_types)}"
        )


def read_licence(folder: Path) -> str:
    """The licence that the folder's model card names, one of its authors' own by its name; or `unknown`."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    head = re.match(r"---\n(.*?\n)---", text, re.DOTALL)
    lines = re.findall(r"^(license\w*): *(\S+) *$", head.group(1) if head else "", re.MULTILINE)
    stated: dict[str, str] = dict(lines)
    licence = stated.get("license", "unknown")
    return stated.get("license_name", licence) if licence == "other" else licence


def open_model(component: Any, folder: Path, *, strict: bool = False, **precision: Any) -> Any:
    """Load a model of this diffusers or transformers class.

    UserError where tensors are missing, and with `strict` also where there are others than it knows.
    """
    with without_progress_bars():
        model, report = component.from_pretrained(
            folder,
            variant=variant_of(folder),
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
            **precision,
        )
    for fault in ("missing", "unexpected") if strict else ("missing",):
        if names := sorted(report[f"{fault}_keys"]):
            raise UserError(
                f"{folder}: {len(names)} of {len(model.state_dict())} tensors are {fault} (first "
                f"{names[0]}); restore the folder from its source"
            )
    return model


@contextmanager
def without_notice(logger: str, words: str) -> Iterator[None]:
    """Drop messages of this logger that hold these words: the user can do nothing about them."""

    def other(record: logging.LogRecord) -> bool:
        return words not in record.getMessage()

    source = logging.getLogger(logger)
    source.addFilter(other)
    try:
        yield
    finally:
        source.removeFilter(other)


@contextmanager
def without_progress_bars() -> Iterator[None]:
    """Transformers shows a bar for every load, even of a small text encoder."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
