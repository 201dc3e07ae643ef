"""Where models run, and that they make room for each other there."""

import gc
import os


def best_device() -> str:
    """This process's own GPU where there is one (`LOCAL_RANK` under torchrun), else the CPU."""
    import torch

    if torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return "cpu"


def forget_models() -> None:
    """Free models that only refer to themselves: those computing in bfloat16, taking turns, checkpointing do.

    Else they stay in memory beside the next one, until Python happens to look for such circles.
    """
    gc.collect()


def make_room() -> None:
    """Between two nodes, when no model is in use: what is left need not be looked through again."""
    forget_models()
    gc.freeze()
