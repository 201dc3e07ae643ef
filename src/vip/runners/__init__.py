"""How the nodes of a run are gone through."""

from vip.runners.distributed_runner import DistributedRunner
from vip.runners.side_by_side_runner import SideBySideRunner
from vip.runners.stage_runner import StageRunner

__all__ = ["DistributedRunner", "SideBySideRunner", "StageRunner"]
