"""How tiny models are saved: reproducibly, with the clip size that they are made for."""

from collections.abc import Callable
from pathlib import Path

import torch

from vip.families.storage import read_json, save_components, write_json


def save(
    folder: Path, pipeline_class: str, components: Callable[[], dict[str, object]], **settings: object
) -> None:
    """Build the components from one seed and save them with these entries in `model_index.json`."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_components(folder, pipeline_class, components())
    write_json(folder / "model_index.json", read_json(folder / "model_index.json") | settings)
