"""Between two nodes: the models of the first make room for those of the second."""

from kedro.framework.hooks import hook_impl

from vip.generation.device import make_room


class RoomForModels:
    """Frees what the node before left behind, so that a reward does not meet the model it scores."""

    @hook_impl
    def before_node_run(self) -> None:
        """No model is in use between nodes."""
        make_room()
