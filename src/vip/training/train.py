"""ReDPO training (paper Sec. 3.4): train a pruned model on preference pairs, from wherever it was stopped."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from vip.generation.device import best_device
from vip.hashing import content_hash, package_hash
from vip.training.curve import curve_table
from vip.training.draws import plan
from vip.training.features import FeatureTeacher
from vip.training.feeding import Feed, reference_keys
from vip.training.optimisation import adopt
from vip.training.resuming import check_settings
from vip.training.run import Run
from vip.training.settings_diff import flat_settings
from vip.training.sharding import is_sharded

if TYPE_CHECKING:
    from vip.families.base import VideoFamily
    from vip.families.folder import ModelFolder
    from vip.training.batches import PairClips
    from vip.training.checkpoints import CheckpointFolder
    from vip.training.pairs import PreferencePair
    from vip.training.reference import Prediction
    from vip.training.settings import ReDPOTraining
    from vip.types import Items, Table

_FREE = ("checkpoint_every", "offload", "sharding", "changed_settings")
"""Settings that may change half way: they move no bit of the outcome, or last ones only (`sharding`)."""
_NOT_NAMED = (*_FREE, "precision")
"""Settings that need not name a run: those, and one that the keys of the reference predictions hold."""


@dataclass(frozen=True)
class Trained:
    """The trained model, and its curve: one row a step, the columns of `vip.training.curve`.

    Where the training was sharded the model is whole in the first process only, on the CPU.
    """

    family: "VideoFamily"
    curve: "Table"


def train(
    model: "ModelFolder",
    reference: "ModelFolder",
    pairs: "Sequence[PreferencePair]",
    clips: "PairClips",
    references: "Items[Prediction]",
    checkpoints: "CheckpointFolder",
    settings: "ReDPOTraining",
) -> Trained:
    """Move a pruned model's trainable parameters, and nothing else, by the method that the settings name.

    `references` are what the frozen `reference` predicted; it is opened only by methods that need more of it.
    Continues from the newest good checkpoint of the very same run and ends with the same bits as a run that
    was never stopped; a finished run returns at once. UserError where another run of other settings was
    stopped half way, unless `changed_settings` is `restart`. Each process of `torchrun` takes its part of a
    batch.
    """
    from accelerate import Accelerator

    keys = reference_keys(references, pairs, settings, reference.fingerprint)
    name = run_name(model.fingerprint, pairs, keys.values(), settings)
    told = flat_settings(settings, _FREE) | {
        "model": model.fingerprint,
        "pairs": _pairs_hash(pairs),
        "code of the losses": package_hash("losses"),
    }
    check_settings(checkpoints, name, told, settings.changed_settings)
    accelerator = Accelerator(cpu=best_device() == "cpu", mixed_precision="no")
    device, process, processes = str(accelerator.device), accelerator.process_index, accelerator.num_processes
    sharded = is_sharded(settings, processes)
    family = model.open(device, replace(settings.loading, sharded=sharded), training=True)
    teacher = FeatureTeacher(reference, family, settings.loading_beside, device)
    run = Run(
        name=name,
        feed=Feed(family, pairs, clips, references, keys, settings, device, process, processes),
        settings=settings,
        accelerator=accelerator,
        checkpoints=replace(checkpoints, settings=told),
        teacher=teacher if settings.with_teacher else None,
    )
    run.finish(plan(len(pairs), settings.batch_size, settings))
    if sharded and (weights := run.optimisation.weights()):
        family = model.open()
        adopt(weights, family.trainable())
    family.denoiser.requires_grad_(False)
    return Trained(family, curve_table(run.curve))


def run_name(
    fingerprint: str,
    pairs: "Iterable[PreferencePair]",
    reference_keys: Iterable[str],
    settings: "ReDPOTraining",
) -> str:
    """A hash of what decides the outcome of a run: model, pairs, reference predictions, settings, losses.

    Of the code only that of `vip.losses` counts: who edits a loss, trains again; who edits anything else of
    the training deletes the checkpoints.
    """
    deciding = {name: value for name, value in asdict(settings).items() if name not in _NOT_NAMED}
    told = [asdict(pair) for pair in pairs], list(reference_keys), deciding
    return content_hash("training", fingerprint, *told, package_hash("losses"))


def _pairs_hash(pairs: "Iterable[PreferencePair]") -> str:
    return content_hash([asdict(pair) for pair in pairs])
