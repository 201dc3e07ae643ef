"""A U-Net student as a folder that stock diffusers loads, without this package: as big as its teacher again.

Where a unit was removed, weights stand that make it an identity: its residuals are zero, and what maps
features and skip connection to the next layer's channels keeps the features. So it gives the student's
output, and costs what the teacher costs.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vip.errors import UserError
from vip.families.registry import family_of_folder
from vip.families.sources import new_folder
from vip.pruning.record import RECORD_FILE
from vip.types import PruningRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

_JOINING = re.compile(r"up_blocks\.\d+\.resnets\.\d+\.conv_shortcut\.weight")


def export_dense(folder: Path, target: Path) -> str:
    """Write the student in `folder` as a new folder of a stock pipeline; how to load it, in a line of Python.

    UserError for a transformer's student, which stock diffusers loads as it is, or where `target` is not
    empty. On GPUs, TensorFloat-32 rounds what passes through a removed output block; elsewhere the output is
    the student's, bit for bit (VideoCrafter2's to the last digits: its frame rate is folded into a bias).
    """
    family = family_of_folder(folder)
    if family.name not in _WRITERS:
        raise UserError(
            f"{folder}: its configuration counts the blocks that are left, so stock diffusers loads it as it "
            f"is ({family.pipeline_class}.from_pretrained); there is nothing to export"
        )
    with new_folder(target) as draft:
        options = _WRITERS[family.name](family.open(folder), draft)
    return f'diffusers.DiffusionPipeline.from_pretrained("{target}"{options})'


def _write_in_place(model: Any, draft: Path) -> str:
    model.denoiser = _filled(type(model.denoiser), model.denoiser, model.denoiser.state_dict())
    model.record = PruningRecord("", "")
    model.save(draft)
    (draft / RECORD_FILE).unlink()
    return ""


def _write_videocrafter(model: Any, draft: Path) -> str:
    from diffusers import UNet3DConditionModel

    from vip.families.videocrafter.dense import save_stock_folder, state_at_one_rate

    state = state_at_one_rate(model.denoiser, model.fps)
    save_stock_folder(model.folder, _filled(UNet3DConditionModel, model.denoiser, state), draft)
    return ", trust_remote_code=True"


_WRITERS = {
    "animatediff": _write_in_place,
    "modelscope": _write_in_place,
    "videocrafter2": _write_videocrafter,
}
"""By family, what writes a model into an empty folder and returns further arguments of `from_pretrained`."""


def _filled(stock_class: Any, student: "nn.Module", state: "Mapping[str, Tensor]") -> "nn.Module":
    """The network that the student's configuration describes: these weights, and neutral ones in the gaps."""
    import torch

    settings = cast("Any", student).config.items()
    with torch.device("meta"):
        dense: nn.Module = stock_class.from_config({k: v for k, v in settings if not k.startswith("_")})
    gaps = {name: value for name, value in dense.state_dict().items() if name not in state}
    neutral = {name: neutral_weight(name, value) for name, value in gaps.items()}
    dense.load_state_dict({**state, **neutral}, strict=True, assign=True)
    return dense.eval()


def neutral_weight(name: str, like: "Tensor") -> "Tensor":
    """Zeros; for a residual layer that joins features and skip connection, what keeps the former only."""
    import torch

    weight = torch.zeros(like.shape, dtype=like.dtype)
    if _JOINING.fullmatch(name):
        channels = like.shape[0]
        weight[:, :channels, 0, 0] = torch.eye(channels, dtype=like.dtype)
    return weight
