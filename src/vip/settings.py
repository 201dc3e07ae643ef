"""Kedro's settings of this project (https://docs.kedro.org/en/stable/configure/configuration_basics)."""

import warnings

from vip.config_loader import ProjectConfigLoader
from vip.hooks import HOOKS as PROJECT_HOOKS
from vip.session import StageSession

# A stage reads the student of the stage before, across namespaces, which Kedro advises against.
warnings.filterwarnings("ignore", message="One or more dataset names contain '.'", category=UserWarning)

SESSION_CLASS = StageSession
CONFIG_LOADER_CLASS = ProjectConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
HOOKS = PROJECT_HOOKS
