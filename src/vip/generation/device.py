"""Where models run."""

import os


def best_device() -> str:
    """This process's own GPU where there is one (`LOCAL_RANK` under torchrun), else the CPU."""
    import torch

    if torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return "cpu"
