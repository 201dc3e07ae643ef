"""Train the pruned model against the frozen reference on preference pairs (paper Sec. 3.4)."""

from typing import Any

from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.pipelines.redpo_training.config import ReDPOTraining
from vip.training.batches import PairClips
from vip.training.checkpoints import CheckpointFolder
from vip.training.pairs import preference_pairs
from vip.training.reference import reference_predictions
from vip.training.train import train
from vip.types import Clip, Items, LazyMap, Table


def predict_reference(
    teacher: ModelFolder,
    pruned: ModelFolder,
    pairs: Table,
    full_clips: Items[Clip],
    pruned_clips: Items[Clip],
    settings: ReDPOTraining,
) -> LazyMap[dict[str, Any]]:
    """What the reference predicts on winner and loser of each pair in each epoch; the same for every method.

    The reference is the teacher or, with `reference: initial`, the pruned model before training. It is opened
    when the first batch is made and gone with the map, so it does not share memory with the student.
    """
    reference = _reference(teacher, pruned, settings)
    return reference_predictions(
        reference, preference_pairs(pairs), PairClips(full_clips, pruned_clips), settings
    )


def train_student(
    teacher: ModelFolder,
    pruned: ModelFolder,
    pairs: Table,
    full_clips: Items[Clip],
    pruned_clips: Items[Clip],
    reference_predictions: Items[dict[str, Any]],
    checkpoints: CheckpointFolder,
    settings: ReDPOTraining,
) -> tuple[VideoFamily, Table]:
    """The student and its training curve; continues from the last good checkpoint of the very same run.

    The teacher is opened only where the method needs more than its predictions.
    """
    trained = train(
        pruned,
        _reference(teacher, pruned, settings),
        preference_pairs(pairs),
        PairClips(full_clips, pruned_clips),
        reference_predictions,
        checkpoints,
        settings,
    )
    return trained.family, trained.curve


def _reference(teacher: ModelFolder, pruned: ModelFolder, settings: ReDPOTraining) -> ModelFolder:
    return teacher if settings.reference == "teacher" else pruned
