"""BK-SDM's loss (Kim et al., ECCV 2024, arXiv 2305.15798): the task's, the teacher's output, its features."""

from typing import TYPE_CHECKING

from vip.losses.squared_error import squared_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


def feature_distillation(
    task_loss: "Tensor",
    output_loss: "Tensor",
    feature_loss: "Tensor",
    output_weight: float,
    feature_weight: float,
) -> "Tensor":
    """L = L_Task + lambda_OutKD L_OutKD + lambda_FeatKD L_FeatKD; BK-SDM sets both weights to 1."""
    return task_loss + output_weight * output_loss + feature_weight * feature_loss


def feature_loss(student: "Mapping[str, Tensor]", teacher: "Mapping[str, Tensor]", clips: int) -> "Tensor":
    """L_FeatKD = sum over places l of E ||f_l^T(x_t, t) - f_l^S(x_t, t)||^2, for B = `clips`; a scalar.

    Features are (B, ...) or, a row a frame, (B F, ...): the mean over clips of each one's mean over all
    else. A place that is shown only some of the clips (Wan 2.2's two transformers share them by their
    timesteps) counts by those. ValueError where the two have features of other places.
    """
    import torch

    if student.keys() != teacher.keys() or not student:
        raise ValueError(f"features of {sorted(student)} cannot be compared with those of {sorted(teacher)}")
    errors = {name: squared_error(student[name], feature) for name, feature in teacher.items()}
    return torch.stack([error.sum() / max(len(error), clips) for error in errors.values()]).sum()
