"""Between two nodes: the models of the first make room for those of the second."""

from kedro.framework.hooks import hook_impl

from vip.generation.device import forget_models


class RoomForModels:
    """Frees what the node before left behind, so that a reward does not meet the model it scores."""

    @hook_impl
    def before_node_run(self) -> None:
        """Nothing is in use between nodes."""
        forget_models()
