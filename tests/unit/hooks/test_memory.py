"""A model that refers to itself is gone before the next node."""

import weakref

from vip.families.folder import ModelFolder
from vip.families.loading import Loading
from vip.hooks.memory import RoomForModels


def test_what_a_node_left_behind_goes(tiny_folder: ModelFolder) -> None:
    model = tiny_folder.open("cpu", Loading("bf16"))
    left = weakref.ref(model.denoiser)
    del model
    RoomForModels().before_node_run()
    assert left() is None
