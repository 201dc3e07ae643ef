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
    from torch import Tensor, nn

_JOINING = re.compile(r"up_blocks\.\d+\.resnets\.\d+\.conv_shortcut\.weight")


def export_dense(folder: Path, target: Path) -> None:
    """Write the student in `folder` as a new folder of its family's stock pipeline.

    UserError where that pipeline is not a stock one, or `target` is not empty. On GPUs, TensorFloat-32 rounds
    what passes through a removed output block; elsewhere the output is the student's, bit for bit.
    """
    import diffusers

    family = family_of_folder(folder)
    if not hasattr(diffusers, family.pipeline_class):
        raise UserError(
            f"{folder}: stock diffusers has no {family.pipeline_class}, so no folder of it can be loaded "
            "without this package; open the student with vip.load_pipeline"
        )
    model = family.open(folder)
    model.denoiser = _without_gaps(model.denoiser)
    model.record = PruningRecord("", "")
    with new_folder(target) as draft:
        model.save(draft)
        (draft / RECORD_FILE).unlink()


def _without_gaps(student: "nn.Module") -> "nn.Module":
    """The network that the student's configuration describes: its weights, and neutral ones in the gaps."""
    import torch

    model = cast("Any", student)
    with torch.device("meta"):
        dense: nn.Module = type(model).from_config(model.config)
    state = student.state_dict()
    gaps = {name: value for name, value in dense.state_dict().items() if name not in state}
    state |= {name: neutral_weight(name, value) for name, value in gaps.items()}
    dense.load_state_dict(state, strict=True, assign=True)
    return dense.eval()


def neutral_weight(name: str, like: "Tensor") -> "Tensor":
    """Zeros; for a residual layer that joins features and skip connection, what keeps the former only."""
    import torch

    weight = torch.zeros(like.shape, dtype=like.dtype)
    if _JOINING.fullmatch(name):
        channels = like.shape[0]
        weight[:, :channels, 0, 0] = torch.eye(channels, dtype=like.dtype)
    return weight
