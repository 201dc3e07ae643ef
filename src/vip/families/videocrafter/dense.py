"""VideoCrafter2 for stock diffusers: at its folder's one frame rate it is a plain `UNet3DConditionModel`.

What the frame rate adds to the time embedding is then a constant, which the last bias takes in. No stock
scheduler scales x_0: the folder brings ours along as a file, which diffusers loads where it is allowed to.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vip.families.stable_diffusion_folder import copy_frozen
from vip.families.storage import read_json, write_json, write_weights

if TYPE_CHECKING:
    from torch import Tensor, nn

BIAS = "time_embedding.linear_2.bias"
RATE = "time_embedding.fps_embedding."
SCHEDULER = "scaled_ddim"
"""The module of our scheduler inside the folder `scheduler`."""


def state_at_one_rate(denoiser: "nn.Module", fps: int) -> "dict[str, Tensor]":
    """The weights of a `VideoCrafterUNet` as a stock U-Net has them, told this frame rate only."""
    import torch

    embedding = cast("Any", denoiser).time_embedding
    with torch.no_grad():
        added = embedding.fps_embedding(embedding.fps_proj(torch.tensor([fps])))[0]
    state = denoiser.state_dict()
    return {
        name: value + added if name == BIAS else value
        for name, value in state.items()
        if not name.startswith(RATE)
    }


def save_stock_folder(source: Path, unet: "nn.Module", target: Path) -> None:
    """Write a stock U-Net, with all else from the folder `source`, as a `TextToVideoSDPipeline`."""
    from vip.families.videocrafter import scheduler

    config = read_json(source / "unet" / "config.json") | {"_class_name": "UNet3DConditionModel"}
    write_weights(target / "unet", unet.state_dict())
    write_json(target / "unet" / "config.json", config)
    copy_frozen(source, target)
    shutil.copyfile(scheduler.__file__, target / "scheduler" / f"{SCHEDULER}.py")
    index = read_json(source / "model_index.json")
    kept = ("_diffusers_version", "vae", "text_encoder", "tokenizer")
    write_json(
        target / "model_index.json",
        {
            "_class_name": "TextToVideoSDPipeline",
            "unet": ["diffusers", "UNet3DConditionModel"],
            "scheduler": [SCHEDULER, "ScaledDDIMScheduler"],
            **{name: index[name] for name in kept if name in index},
        },
    )
