"""The nouns of the method, and the letters its shapes are written in.

Shapes: B batch, F frames, C latent channels, h w latent height and width, H W pixel height and width.
Latents are float32 (B, C, F, h, w); frames are uint8 RGB (B, F, H, W, 3); one item drops the B.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame
    from torch import Tensor

    Table: TypeAlias = DataFrame
else:
    Table = Any  # resolvable without importing pandas: Kedro checks `params:` only where every hint resolves

Item = TypeVar("Item")

Property = Literal["visual_quality", "temporal_consistency", "dynamic_degree", "text_alignment"]
PROPERTIES: tuple[str, ...] = get_args(Property)
"""The score dimensions of the paper (Sec. 4.1), which are also the properties that pruning may damage."""

Conditioning = dict[str, "Tensor"]
"""What a denoiser is told besides the noisy latents: tensors whose first dimension is B."""


class RawPrompt(NamedTuple):
    """A row of a prompt source: its text, or why the source itself gives none."""

    text: str
    reason: str = ""


@dataclass(frozen=True)
class PromptStream:
    """A prompt source that may be too large for memory: each call of `rows` reads it from its beginning."""

    rows: Callable[[], Iterator[RawPrompt]]


@dataclass(frozen=True)
class Clip:
    """One generated video: latents (C, F, h, w) as sampled, frames (F, H, W, 3) as people see them."""

    latents: "Tensor"
    frames: "NDArray[np.uint8]"


@dataclass(frozen=True)
class LazyMap(Generic[Item]):
    """Expensive items that are not made yet: what each is, and how to make a batch of them.

    `table` has a column `key` (a content hash: equal keys mean equal items) and columns that say what each
    key stands for. `make_batch(keys)` returns one item a key, in order, for any keys of the table; what it
    returns for a key depends on that key alone, never on the rest of the batch. It is asked for `batch_size`
    items at a time; of several processes, each takes `share` at a time, batches of one share in order.
    """

    table: "Table"
    make_batch: Callable[[Sequence[str]], Sequence[Item]]
    batch_size: int
    title: str
    share: int | None = None
    """How many items belong together, as those of one model do that is slow to open; None for a batch."""


@dataclass(frozen=True)
class Items(Mapping[str, Item]):
    """Items that are made: `table` as in `LazyMap`, and each item read, and checked, when asked for."""

    table: "Table"
    read: Callable[[str], Item]

    def __getitem__(self, key: str) -> Item:
        """Read one item; `read` raises KeyError where the table does not list it."""
        return self.read(key)

    def __iter__(self) -> "Any":
        """The keys, each once, in the order of the table."""
        return iter(self._keys())

    def __len__(self) -> int:
        """How many different keys the table lists."""
        return len(self._keys())

    def _keys(self) -> dict[str, None]:
        return dict.fromkeys(self.table["key"])


@dataclass(frozen=True)
class Sampler:
    """How clips are sampled: denoising steps, and the guidance scale (1 turns guidance off)."""

    steps: int
    guidance_scale: float


@dataclass(frozen=True)
class Unit:
    """A part of a denoiser that can be taken out: module paths, parameters, or why it must stay."""

    name: str
    paths: tuple[str, ...]
    parameters: int
    removable: bool = True
    reason: str = ""


@dataclass(frozen=True)
class PrunedStage:
    """What a stage removed; prunable parameters and FLOPs (2 x MAC, one denoiser call) around it."""

    stage: int
    removed: tuple[str, ...]
    parameters_before: int
    parameters_after: int
    flops_before: int
    flops_after: int


@dataclass(frozen=True)
class PruningRecord:
    """The history of a student: its teacher's fingerprint, licence and name, and each stage's removals."""

    teacher: str
    licence: str
    stages: tuple[PrunedStage, ...] = ()
    teacher_name: str = ""

    @property
    def removed(self) -> tuple[str, ...]:
        """Names of all units gone so far."""
        return tuple(name for stage in self.stages for name in stage.removed)
