"""A model that refers to itself is gone before the next node."""

import gc
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


def test_what_stays_is_not_looked_through_again() -> None:
    kept = [[] for _ in range(10_000)]
    gc.unfreeze()
    RoomForModels().before_node_run()
    assert gc.get_freeze_count() > len(kept)
    assert len(gc.get_objects()) < len(kept)
    gc.unfreeze()
