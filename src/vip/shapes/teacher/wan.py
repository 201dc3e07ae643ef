"""The Wan-type teacher: a transformer that learns the flow from noise to clip, on latents frame by frame."""

import string
from typing import TYPE_CHECKING, Any

from vip.families.flow import PREDICTION_TYPES
from vip.shapes.captions import vocabulary
from vip.shapes.scene import FRAMES, SIZE
from vip.shapes.teacher.architecture import LATENT_CHANNELS, LATENT_SIZE, QUERY_GAIN, TEXT_LENGTH, TEXT_WIDTH
from vip.shapes.teacher.assembly import Teacher
from vip.shapes.teacher.blueprints import Blueprint, Learner
from vip.shapes.teacher.objectives import Flow, Objective, TaughtFlow
from vip.shapes.teacher.words import T5Words

if TYPE_CHECKING:
    from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel
    from transformers import T5Tokenizer, UMT5EncoderModel

FLOW_SHIFT = 3.0
"""Of training and sampling: more steps where noise is high, and captions decide."""
HEADS, HEAD_WIDTH, BLOCKS = 4, 24, 8


class TeacherBlueprint(Blueprint):
    """Stock `WanPipeline` around a `WanTransformer3DModel`."""

    def __init__(self) -> None:
        """Untrained: both text sides and the transformer."""
        tokenizer = build_tokenizer()
        self.picture_words, self.clip_words = (
            T5Words(tokenizer, build_text_encoder(tokenizer), TEXT_LENGTH) for _ in range(2)
        )
        self.denoiser = build_denoiser()
        self.objective: Objective = Flow(FLOW_SHIFT)

    def begin_with(self, teacher: Any) -> None:
        """A transformer shares no layer with a U-Net, but can learn what the U-Net predicts."""
        self.objective = TaughtFlow(teacher, FLOW_SHIFT)

    def for_pictures(self) -> Learner:
        """The whole transformer."""
        return Learner(self.denoiser, self.picture_words)

    def for_clips(self) -> Learner:
        """The whole transformer."""
        return Learner(self.denoiser, self.clip_words)

    def own_autoencoder(self) -> "AutoencoderKLWan":
        """An AutoencoderKLWan."""
        return build_autoencoder()

    def assemble(self, autoencoder: Any) -> Teacher:
        """The parts as they are; clip size and number of words are others than Wan's."""
        components = {
            "vae": autoencoder,
            "tokenizer": self.clip_words.tokenizer,
            "text_encoder": self.clip_words.encoder,
            "transformer": self.denoiser,
            "scheduler": build_scheduler(),
        }
        settings = {
            "_clip": {"frames": FRAMES, "height": SIZE, "width": SIZE},
            "_words": TEXT_LENGTH,
            "boundary_ratio": None,
            "expand_timesteps": False,
        }
        return Teacher("wan", "WanPipeline", components, settings)


def build_tokenizer() -> "T5Tokenizer":
    """A T5 tokenizer that knows each word of the shapes world as one piece, and others by their letters."""
    from transformers import T5Tokenizer

    words = [f"\u2581{word}" for word in vocabulary()]
    letters = sorted({*string.ascii_letters, *string.digits, *string.punctuation})
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    pieces += [(word, -1.0) for word in words]
    pieces += [(letter, -10.0) for letter in ("\u2581", *letters) if letter not in words]
    return T5Tokenizer(vocab=pieces, extra_ids=0, model_max_length=TEXT_LENGTH)


def build_text_encoder(tokenizer: "T5Tokenizer") -> "UMT5EncoderModel":
    """A two-layer UMT5 encoder for that tokenizer, without dropout."""
    from transformers import UMT5Config, UMT5EncoderModel

    config = UMT5Config(
        vocab_size=len(tokenizer),
        d_model=TEXT_WIDTH,
        d_kv=TEXT_WIDTH // 4,
        d_ff=2 * TEXT_WIDTH,
        num_layers=2,
        num_heads=4,
        dropout_rate=0.0,
    )
    return UMT5EncoderModel(config)


def build_denoiser() -> "WanTransformer3DModel":
    """A transformer of eight blocks over 8 x 4 x 4 patches; each patch attends most to those near it."""
    import torch
    from diffusers import WanTransformer3DModel

    denoiser = WanTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=HEADS,
        attention_head_dim=HEAD_WIDTH,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        text_dim=TEXT_WIDTH,
        freq_dim=TEXT_WIDTH,
        ffn_dim=4 * HEADS * HEAD_WIDTH,
        num_layers=BLOCKS,
        rope_max_seq_len=32,
    )
    for block in denoiser.blocks:
        attention = block.attn1
        torch.nn.init.orthogonal_(attention.to_q.weight)
        attention.to_k.load_state_dict(attention.to_q.state_dict())
        torch.nn.init.constant_(attention.norm_q.weight, QUERY_GAIN)
    return denoiser


def build_autoencoder() -> "AutoencoderKLWan":
    """An AutoencoderKLWan of the shapes world's latents, each frame by itself.

    Its causal convolutions begin without a look at frames before: of their three taps in time two are zero,
    and stay so where it learns from single frames.
    """
    import torch
    from diffusers import AutoencoderKLWan

    autoencoder = AutoencoderKLWan(
        base_dim=24,
        z_dim=LATENT_CHANNELS,
        dim_mult=[1, 2, 2],
        num_res_blocks=1,
        temperal_downsample=[False, False],
        latents_mean=[0.0] * LATENT_CHANNELS,
        latents_std=[1.0] * LATENT_CHANNELS,
        scale_factor_temporal=1,
        scale_factor_spatial=SIZE // LATENT_SIZE,
    )
    with torch.no_grad():
        for module in autoencoder.modules():
            if isinstance(module, torch.nn.Conv3d):
                module.weight[:, :, :-1] = 0.0
    return autoencoder


def build_scheduler() -> "UniPCMultistepScheduler":
    """Wan's own."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type=PREDICTION_TYPES[0],
        use_flow_sigmas=True,
        flow_shift=FLOW_SHIFT,
        num_train_timesteps=1000,
    )
