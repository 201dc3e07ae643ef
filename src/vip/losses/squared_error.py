"""||target - prediction||^2, the one reduction that all losses share."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def squared_error(prediction: "Tensor", target: "Tensor") -> "Tensor":
    """||target - prediction||^2 of each sample: (B, ...) -> (B,).

    The paper leaves the reduction open; here it is the *mean* over all dimensions but the first, in float32.
    """
    if prediction.shape != target.shape:
        raise ValueError(
            f"prediction {tuple(prediction.shape)} and target {tuple(target.shape)} differ in shape"
        )
    return (target.float() - prediction.float()).square().flatten(1).mean(1)
