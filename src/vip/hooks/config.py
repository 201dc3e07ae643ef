"""The parameters of the hooks."""

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Tracking:
    """Where MLflow keeps the runs."""

    enabled: bool = True
    """Whether runs are logged at all."""
    uri: str = "sqlite:///mlflow.db"
    """MLflow's tracking URI; a relative sqlite path is taken from the project folder."""
    experiment: str = ""
    """The experiment's name; empty means `vip` and the name of the environment."""
