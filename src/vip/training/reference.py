"""What the frozen reference predicts for every draw of a run, made before training starts.

So the reference and the student never share memory, and all methods share one pass of the reference.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from vip.generation.device import best_device
from vip.hashing import content_hash
from vip.training.batches import PairClips, noisy_pairs, twice
from vip.training.draws import draw
from vip.types import LazyMap

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import VideoFamily
    from vip.families.folder import ModelFolder
    from vip.training.pairs import PreferencePair
    from vip.training.settings import ReDPOTraining

Prediction = dict[str, "Tensor"]
"""`winner` and `loser`: the reference's predictions (C, F, h, w) for one pair in one epoch."""


def reference_key(fingerprint: str, pair: "PreferencePair", epoch: int, settings: "ReDPOTraining") -> str:
    """The content hash of a prediction: the model, the clips, and all that the draw depends on.

    Batch size and precision are part of it, for they can change the last bits of a prediction.
    """
    clips = (pair.prompt, pair.winner, pair.loser)
    drawn = (settings.seed, epoch, pair.pair_id, settings.shared_noise)
    how = (settings.reference_batch_size, *settings.loading.marks)
    return content_hash("reference prediction", fingerprint, clips, drawn, *how)


def reference_predictions(
    model: "ModelFolder", pairs: "Sequence[PreferencePair]", clips: PairClips, settings: "ReDPOTraining"
) -> LazyMap[Prediction]:
    """A lazy map over all epochs and pairs: key, epoch, pair_id, reference (the fingerprint of the model)."""
    import pandas as pd

    asked = [(epoch, pair) for epoch in range(settings.epochs) for pair in pairs]
    keys = [reference_key(model.fingerprint, pair, epoch, settings) for epoch, pair in asked]
    table = pd.DataFrame(
        {
            "key": keys,
            "epoch": [epoch for epoch, _ in asked],
            "pair_id": [pair.pair_id for _, pair in asked],
            "reference": model.fingerprint,
        }
    )
    predictor = _Predictor(model, dict(zip(keys, asked, strict=True)), clips, settings)
    return LazyMap(table, predictor.predict, settings.reference_batch_size, "Predicting with the reference")


class _Predictor:
    """Opens the reference when the first batch is asked for."""

    def __init__(
        self,
        model: "ModelFolder",
        asked: "Mapping[str, tuple[int, PreferencePair]]",
        clips: PairClips,
        settings: "ReDPOTraining",
    ) -> None:
        self._model = model
        self._asked = asked
        self._clips = clips
        self._settings = settings

    @cached_property
    def _family(self) -> "VideoFamily":
        return self._model.open(best_device(), self._settings.loading)

    def predict(self, keys: Sequence[str]) -> list[Prediction]:
        """Predictions for any keys, in batches that all have one shape."""
        size = self._settings.reference_batch_size
        batches = [list(keys[start : start + size]) for start in range(0, len(keys), size)]
        return [prediction for batch in batches for prediction in self._predict_batch(batch)]

    def _predict_batch(self, keys: Sequence[str]) -> list[Prediction]:
        import torch

        padding = [keys[0]] * (self._settings.reference_batch_size - len(keys))
        asked = [self._asked[key] for key in [*keys, *padding]]
        pairs = [pair for _, pair in asked]
        draws = [draw(self._family, pair.pair_id, epoch, self._settings) for epoch, pair in asked]
        with torch.no_grad():
            samples = noisy_pairs(self._family, self._clips.latents(pairs), draws, best_device())
            conditioning = twice(self._family.encode([pair.prompt for pair in pairs]))
            predicted = self._family.predict(
                self._family.denoiser, samples.noisy, samples.timesteps, conditioning
            )
        winners, losers = predicted.float().cpu().chunk(2)
        return [{"winner": winners[i].clone(), "loser": losers[i].clone()} for i in range(len(keys))]
