"""bfloat16 where it pays: weights of matrix products, computed with under autocast.

Norms, tables and everything else stay in float32, as do outputs. Whether a weight is rounded once, when it is
loaded, or at each call, as autocast does with a trained one, the product is the same: before it is trained,
a student predicts what its frozen copy does.
"""

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import nn


def lower(model: "nn.Module", kept: "Collection[nn.Parameter]") -> None:
    """Round a model's linear, convolutional and embedding layers to bfloat16, all parameters but `kept`."""
    import torch
    from torch import nn

    kinds = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Embedding)
    spared = {id(parameter) for parameter in kept}
    for module in model.modules():
        if isinstance(module, kinds):
            for parameter in module.parameters(recurse=False):
                if id(parameter) not in spared:
                    parameter.data = parameter.data.to(torch.bfloat16)


def compute_in_bfloat16(model: "nn.Module", device_type: str) -> None:
    """Let a model's forward pass run under autocast to bfloat16; what it returns is float32.

    Without autocast's cache, which would keep rounded copies of all trained weights through the pass.
    """
    import torch
    from accelerate.utils import convert_outputs_to_fp32

    # torch's RMSNorm says once that it cannot be fused where products meet weights of full precision
    warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight", category=UserWarning)
    if device_type == "meta":
        return
    called: Any = model
    half = torch.autocast(device_type, torch.bfloat16, cache_enabled=False)
    called.forward = convert_outputs_to_fp32(half(called.forward))
