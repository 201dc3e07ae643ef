"""A trained teacher in memory, ready to be saved as an ordinary diffusers folder."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Teacher:
    """What `save` writes, the stock pipeline's `from_pretrained` loads.

    `name` is the family's, `settings` are further entries of `model_index.json`.
    """

    name: str
    pipeline_class: str
    components: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write safetensors in half precision, which is all the precision these weights need."""
        from torch import nn

        from vip.families.storage import save_components

        for component in self.components.values():
            if isinstance(component, nn.Module):
                component.half()
        save_components(folder, self.pipeline_class, self.components, **self.settings)
