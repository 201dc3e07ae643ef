"""What happens around every run: guard, memory, progress, tracking, summary. Nodes know nothing of them."""

from vip.hooks.guard import RunGuard
from vip.hooks.memory import RoomForModels
from vip.hooks.progress import ProgressLog
from vip.hooks.summary import Summary
from vip.hooks.tracking import StageTracking

HOOKS = (RunGuard(), RoomForModels(), ProgressLog(), StageTracking(), Summary())
