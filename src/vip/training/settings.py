"""What a training is told: the block `redpo_training` of the parameters."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from vip.errors import nearest
from vip.families.loading import Loading, Precision
from vip.losses.methods import METHODS, OF_WINNERS, WITH_TEACHER


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ReDPOTraining:
    """How a pruned model is trained; conf/animatediff has the paper's own values."""

    method: str
    """A name in `vip.losses.methods`: the paper's method, one of its two terms alone, or another loss."""
    reference: Literal["teacher", "initial"]
    """What the student is held against: the full model (V.I.P.) or its own first weights (alignment)."""
    beta: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Strength of the preference term; the paper's T w(lambda_t) is folded in."""
    sft_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | Literal["auto"]
    """w_SFT; `auto` makes the two terms' gradients equally long over the first steps."""
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    """AdamW's learning rate."""
    epochs: Annotated[int, Field(ge=1)]
    """Passes over the pairs; each draws afresh, and costs one reference prediction a pair."""
    batch_size: Annotated[int, Field(ge=1)]
    """Pairs an optimizer step, over all processes."""
    warmup_steps: Annotated[int, Field(ge=0)]
    """Steps over which the learning rate rises from 0."""
    gradient_clip: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Largest norm of the gradient; 0 for no clipping."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    """Decay of the moving average of the weights, which then is the student; 0 for none."""
    shared_noise: bool
    """One noise for winner and loser, as in Diffusion-DPO's code, instead of one each, as in the paper."""
    checkpoint_every: Annotated[int, Field(ge=1)]
    """Optimizer steps between checkpoints."""
    reference_batch_size: Annotated[int, Field(ge=1)]
    """Pairs a batch of reference predictions. Batches are filled up, so a last small one costs as much."""
    seed: Annotated[int, Field(ge=0)]
    """With epoch and pair, what timesteps and noises depend on; with the epoch, what the data order does."""
    micro_batch_size: Annotated[int, Field(ge=1)] | None
    """Pairs a call of the model, where a process's part of `batch_size` does not fit; None for all of it.

    Where it is set, a step's gradient is added up from the same parts whatever the number of processes."""
    decay_share: Annotated[float, Field(ge=0, le=1)]
    """Share of the steps, at the end, over which the learning rate falls to 0; the paper names none."""
    gradient_norm_every: Annotated[int, Field(ge=1)]
    """Steps between measurements of each term's own gradient norm, which cost two backward passes."""
    gradient_checkpointing: bool
    """Compute activations again in the backward pass instead of keeping them: less memory, more time."""
    sharding: Literal["none", "fsdp"]
    """With several processes: fsdp for a student that does not fit, held in parts, one a process."""
    precision: Precision
    """bf16: what is frozen, and the reference; trained weights stay float32, and so does the student."""
    offload: bool
    """Keep on the GPU only the model at work, the others in the machine's memory."""
    changed_settings: Literal["refuse", "restart"] = "refuse"
    """Where a training of other settings was stopped half way: show them and stop, or train afresh."""
    output_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """lambda_OutKD of feature_distillation: BK-SDM's, for the distance to the teacher's prediction."""
    feature_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    """lambda_FeatKD of feature_distillation: BK-SDM's, for the distance to the teacher's features."""

    @property
    def loading(self) -> Loading:
        """How models are held in memory; nothing is decoded."""
        return Loading(self.precision, self.offload)

    @property
    def learns_from_losers(self) -> bool:
        """Whether the loss has a gradient by the losers."""
        return self.method not in OF_WINNERS

    @property
    def with_teacher(self) -> bool:
        """Whether teacher and student are in memory together."""
        return self.method in WITH_TEACHER

    @property
    def loading_beside(self) -> Loading:
        """How the teacher is held then: it is at work in every step, and only its denoiser."""
        return Loading(self.precision, only_denoiser=True)

    @field_validator("sft_weight", mode="before")
    @classmethod
    def _say_what_a_weight_is(cls, value: object) -> object:
        try:
            acceptable = value == "auto" or float(str(value)) >= 0
        except ValueError:
            acceptable = False
        if not acceptable:
            raise ValueError(f"sft_weight is {value!r}; it is a number of at least 0, or auto")
        return value

    @field_validator("method", mode="before")
    @classmethod
    def _name_the_nearest_method(cls, value: object) -> object:
        if value not in list(METHODS):
            raise ValueError(f"method {value!r} is unknown{nearest(value, METHODS)}")
        return value

    def __post_init__(self) -> None:
        """Refuse what has nothing to learn: at first, a student equals its own first weights."""
        if self.reference == "initial" and self.method in ("sft", "feature_distillation"):
            raise ValueError(
                f"method: {self.method} imitates the reference, and reference: initial is the student "
                "itself; choose method: redpo or reference: teacher"
            )
        if self.with_teacher and self.sharding != "none":
            raise ValueError(
                f"method: {self.method} has all of the teacher in each process, and sharding: "
                f"{self.sharding} is for what does not fit there; choose sharding: none or another method"
            )
        if self.reference == "initial" and self.method == "redpo" and self.sft_weight == "auto":
            raise ValueError(
                "sft_weight: auto compares gradients, and with reference: initial the first one of "
                "the sft term is 0; set sft_weight to a number"
            )
