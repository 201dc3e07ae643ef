"""VideoScore, the paper's reward model (Sec. 4.1), and VideoScore-v1.1: arXiv 2406.15252."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, final

from vip.errors import UserError
from vip.families.snapshot import Snapshot, snapshot_of
from vip.generation.device import best_device
from vip.hashing import content_hash
from vip.rewards.base import Reward
from vip.rewards.videoscore_model import IMAGE, OUTPUTS, VideoScoreModel, open_videoscore
from vip.types import PROPERTIES

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

Precision = Literal["bfloat16", "float32"]

QUERY_SHA256 = "49b386d9ea3003760c983cc258cf4211faf858d58191f95fcfacdf68a8fed2c0"
"""Of the text that VideoScore was trained to be asked with, as its model card quotes it."""
SLOT = "{text_prompt}"
MOST_FRAMES = 48


@final
class VideoScore(Reward):
    """VideoScore's first four outputs, 1..4 nominally; the fifth, factual consistency, the paper leaves out.

    Clips are scored one by one (`clips_per_pass` 1), since in a padded batch a score depends a little, and in
    bfloat16 visibly, on what it is batched with.
    """

    name: ClassVar[str] = "videoscore"

    def __init__(
        self,
        model: str = "TIGER-Lab/VideoScore",
        revision: str | None = None,
        frames: int = 16,
        precision: Precision | None = None,
        clips_per_pass: int = 1,
    ) -> None:
        """Take where the model is and how it is asked; nothing is loaded before the first score.

        Args:
            model: A local folder, or a name on the hub: `TIGER-Lab/VideoScore`, `TIGER-Lab/VideoScore-v1.1`.
            revision: Of a name on the hub; the newest where it is None.
            frames: Sampled evenly from longer clips; 16, for v1.1 up to 48.
            precision: Of the backbone; bfloat16 on an accelerator and float32 elsewhere where it is None.
            clips_per_pass: Clips in one forward pass.
        """
        if not 1 <= frames <= MOST_FRAMES or clips_per_pass < 1:
            raise UserError(
                f"reward 'videoscore': frames is {frames} and clips_per_pass {clips_per_pass}; choose 1 to "
                f"{MOST_FRAMES} frames and at least 1 clip in a pass"
            )
        if precision not in (None, "bfloat16", "float32"):
            raise UserError(f"reward 'videoscore': precision is {precision!r}; choose bfloat16 or float32")
        self._named, self._asked_revision = model, revision
        self._frames, self._clips_per_pass = frames, clips_per_pass
        self._device = best_device()
        self._precision = precision or ("float32" if self._device == "cpu" else "bfloat16")

    @property
    def fingerprint(self) -> str:
        """A hash of the model's revision, the frames, the precision and the clips in a pass."""
        return content_hash(
            self.name, self._snapshot.revision, self._frames, self._precision, self._clips_per_pass
        )

    @property
    def provenance(self) -> str:
        """The model and its revision, the most frames it is shown, the precision."""
        return f"{self.name} {self._snapshot}, {self._frames} frames, {self._precision}"

    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips (F, H, W, 3) of any length and size against B prompts: (B, 4)."""
        import numpy as np

        asked = [self._text(clip, prompt) for clip, prompt in zip(frames, prompts, strict=True)]
        chosen = [sampled(clip, self._frames) for clip in frames]
        rows = []
        for start in range(0, len(asked), self._clips_per_pass):
            batch = slice(start, start + self._clips_per_pass)
            rows += self._model.regress(chosen[batch], asked[batch]).tolist()
        outputs = np.array(rows, dtype=np.float64).reshape(-1, OUTPUTS)
        return outputs[:, : len(PROPERTIES)]

    def _text(self, clip: "NDArray[np.uint8]", prompt: str) -> str:
        """The query with the prompt in it, and a place for each frame behind it."""
        if len(clip) == 0:
            raise UserError(f"a clip for {prompt!r} has 0 frames, VideoScore needs 1; make the clip again")
        if IMAGE in prompt:
            raise UserError(f"prompt {prompt!r} holds {IMAGE}, which VideoScore takes for a frame; reword it")
        return self._query.replace(SLOT, prompt) + f"{IMAGE} " * min(len(clip), self._frames)

    @cached_property
    def _snapshot(self) -> Snapshot:
        return snapshot_of(self._named, self._asked_revision)

    @cached_property
    def _query(self) -> str:
        return read_query(self._snapshot.folder)

    @cached_property
    def _model(self) -> VideoScoreModel:
        return open_videoscore(self._snapshot.folder, self._device, self._precision)


def sampled(clip: "NDArray[np.uint8]", most: int) -> "list[NDArray[np.uint8]]":
    """At most so many frames of (F, H, W, 3), evenly from the first on: frames floor(i F / most)."""
    count = len(clip)
    return [clip[i * count // most] for i in range(most)] if count > most else list(clip)


def read_query(folder: "Path") -> str:
    """The fixed query, from the model card in the model's own folder; UserError where it is not that text.

    The card quotes it as a Python string in triple quotes. It is not ours to ship, and another wording would
    give other scores, so its hash is checked.
    """
    card = folder / "README.md"
    remedy = f"the query is read from the model card; download README.md of TIGER-Lab/VideoScore as {card}"
    if not card.is_file():
        raise UserError(f"{card} is missing; {remedy}")
    quoted = [text for text in card.read_text(encoding="utf-8").split('"""') if SLOT in text]
    for text in quoted:
        if hashlib.sha256(text.encode()).hexdigest() == QUERY_SHA256:
            return text
    raise UserError(
        f"{card} quotes {len(quoted)} texts with {SLOT}, none with hash {QUERY_SHA256[:12]}; {remedy}"
    )
