"""How the nodes of a run are gone through."""

from vip.runners.distributed_runner import DistributedRunner
from vip.runners.stage_runner import StageRunner

__all__ = ["DistributedRunner", "StageRunner"]
