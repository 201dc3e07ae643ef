"""Settings of a training of a few steps; whoever means something by one of them says so."""

from typing import Any

from tests.tiny.settings import BASE

from vip.pipelines.redpo_training.config import ReDPOTraining


def tiny_training(**changes: Any) -> ReDPOTraining:
    """One epoch of pairs in twos, at a rate that shows, with nothing that smooths."""
    settings: dict[str, Any] = {
        "method": "redpo",
        "reference": "teacher",
        "beta": 100.0,
        "sft_weight": 10.0,
        "learning_rate": 1e-3,
        "epochs": 1,
        "batch_size": 2,
        "warmup_steps": 0,
        "gradient_clip": 1.0,
        "ema_decay": 0.0,
        "shared_noise": False,
        "checkpoint_every": 1,
        "reference_batch_size": 2,
        "seed": 0,
        "gradient_norm_every": 1,
        "decay_share": 0.0,
    }
    return ReDPOTraining(**BASE["redpo_training"] | settings | changes)
