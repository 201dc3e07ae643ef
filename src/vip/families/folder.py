"""A model on disk: where it is and what it is, without its weights in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.families.loading import Loading
from vip.tensors import not_finite

if TYPE_CHECKING:
    from vip.families.base import VideoFamily

AS_IT_IS = Loading()
"""Everything in float32 on the device."""


@dataclass(frozen=True)
class ModelFolder:
    """A verified diffusers folder; `fingerprint` is the hash of all its files, `source` where it is from."""

    path: Path
    family: str
    fingerprint: str
    source: str = ""

    def open(
        self, device: str = "cpu", loading: Loading = AS_IT_IS, *, training: bool = False
    ) -> "VideoFamily":
        """Load the model in eval mode, held as `loading` says; its `removed` units are passthroughs again.

        With `training`, what V.I.P. trains keeps its float32 weights and stays on the device.
        """
        from safetensors import SafetensorError

        from vip.families.registry import family_named

        family = family_named(self.family)
        try:
            model = family.open(self.path, device if loading == AS_IT_IS else "cpu")
        except (OSError, SafetensorError) as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise UserError(f"{self.path} cannot be opened ({reason}); restore it from its source") from error
        self._refuse_not_finite(model)
        if loading != AS_IT_IS:
            loading.apply(model, device, training=training)
        return model

    def _refuse_not_finite(self, model: "VideoFamily") -> None:
        from torch import nn

        modules = {name: part for name, part in vars(model).items() if isinstance(part, nn.Module)}
        for part, module in modules.items():
            if name := not_finite(module.state_dict()):
                raise UserError(
                    f"{self.path}: {name} of its {part} holds NaN or infinity; restore the folder from its "
                    "source, or delete it and run what made it again"
                )
