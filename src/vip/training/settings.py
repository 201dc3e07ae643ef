"""What the engine must be told; `vip.pipelines.redpo_training.config` is how a user tells it."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

if TYPE_CHECKING:
    from dataclasses import Field

    from vip.families.loading import Loading


class DrawSettings(Protocol):
    """What decides the timesteps and noises of a run, whatever it trains with."""

    @property
    def epochs(self) -> int:
        """Passes over the pairs; each draws afresh."""

    @property
    def shared_noise(self) -> bool:
        """Whether winner and loser get the same noise."""

    @property
    def seed(self) -> int:
        """Seed of all draws and of the data order."""


class ReferenceSettings(DrawSettings, Protocol):
    """What decides the reference predictions."""

    @property
    def loading(self) -> "Loading":
        """How models are held in memory."""

    @property
    def reference_batch_size(self) -> int:
        """Pairs a batch of reference predictions."""


class TrainingSettings(ReferenceSettings, Protocol):
    """What decides a training run."""

    __dataclass_fields__: ClassVar[dict[str, "Field[Any]"]]

    @property
    def method(self) -> str:
        """A name in `vip.losses.methods`."""

    @property
    def with_teacher(self) -> bool:
        """Whether the method needs the reference in memory beside the student."""

    @property
    def loading_beside(self) -> "Loading":
        """How it is held there."""

    @property
    def output_weight(self) -> float:
        """BK-SDM's lambda_OutKD."""

    @property
    def feature_weight(self) -> float:
        """BK-SDM's lambda_FeatKD."""

    @property
    def beta(self) -> float:
        """Strength of the preference term."""

    @property
    def sft_weight(self) -> float | Literal["auto"]:
        """Weight of the distillation term, or `auto`."""

    @property
    def learning_rate(self) -> float:
        """AdamW's learning rate after warm-up."""

    @property
    def batch_size(self) -> int:
        """Pairs an optimizer step, over all processes."""

    @property
    def micro_batch_size(self) -> int | None:
        """Pairs a call of the model; None for all that a process has of a step."""

    @property
    def warmup_steps(self) -> int:
        """Steps over which the learning rate rises linearly."""

    @property
    def decay_share(self) -> float:
        """Share of the steps, at the end, over which the learning rate falls to 0; 0 for none."""

    @property
    def gradient_clip(self) -> float:
        """Largest gradient norm; 0 for no clipping."""

    @property
    def gradient_norm_every(self) -> int:
        """Measure each term's gradient norm every so many steps."""

    @property
    def gradient_checkpointing(self) -> bool:
        """Whether activations are computed again instead of kept."""

    @property
    def sharding(self) -> Literal["none", "fsdp"]:
        """Whether each process holds all of the student or a part of it."""

    @property
    def ema_decay(self) -> float:
        """Decay of the moving average of weights; 0 for none."""

    @property
    def checkpoint_every(self) -> int:
        """Steps between checkpoints."""

    @property
    def changed_settings(self) -> Literal["refuse", "restart"]:
        """What to do where a training with other settings was stopped half way."""
