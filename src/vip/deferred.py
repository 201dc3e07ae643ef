"""A pipeline that is made when it is first looked at: `kedro registry list` asks for names alone."""

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline


class DeferredPipeline(Pipeline):
    """What `make` returns, made once, at the first question about its nodes."""

    def __init__(self, make: Callable[[], Pipeline]) -> None:
        self._make = make

    def __getattr__(self, name: str) -> Any:
        """Reached for what the pipeline has and this has not yet."""
        if name.startswith("__") or "_make" not in vars(self):
            raise AttributeError(name)
        made = self.__dict__.pop("_make")()
        vars(self).update(vars(made))
        return getattr(self, name)
