"""The parameters of ReDPO training, which are what the engine is told."""

from vip.training.settings import ReDPOTraining

__all__ = ["ReDPOTraining"]
