"""The untrained parts that embedded teachers share, each a stock diffusers or transformers class."""

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from vip.shapes.captions import vocabulary
from vip.shapes.scene import SIZE
from vip.shapes.teacher.words import ClipWords

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, DDIMScheduler
    from torch import nn
    from transformers import CLIPTextModel, CLIPTokenizer

TEXT_LENGTH = 32
"""Tokens a caption is padded or cut to; 25 words and their two marks fit."""
WORD_END = "</w>"
"""What CLIP's tokens carry that end a word."""
TEXT_WIDTH = 64
LATENT_CHANNELS = 4
LATENT_SIZE = SIZE // 4
QUERY_GAIN = 2.0
"""Of the queries and keys of untrained motion modules: how sharply a frame attends to the frames near it."""
FIRST_LOG_VARIANCE = -6.0
"""Of the untrained encoder's posterior. At 0 noise as loud as the latents halves the speed of the start."""


def build_tokenizer() -> "CLIPTokenizer":
    """A CLIP tokenizer that reads any text and knows each word of the shapes world as one token."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    alphabet = sorted(ByteLevel.alphabet())
    merges = learn_merges(vocabulary())
    symbols = [
        *alphabet,
        *(character + WORD_END for character in alphabet),
        *("".join(pair) for pair in merges),
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    vocab = {symbol: index for index, symbol in enumerate(dict.fromkeys(symbols))}
    return CLIPTokenizer(vocab=vocab, merges=merges, model_max_length=TEXT_LENGTH)


def learn_merges(words: list[str]) -> list[tuple[str, str]]:
    """Byte pair encoding (Sennrich et al. 2016) up to whole words: most frequent pair first, then by order.

    The trainer of `tokenizers` leaves open which of two equally frequent pairs comes first: a training that
    was stopped went on with other numbers for some words.
    """
    spelled = [(*word[:-1], word[-1] + WORD_END) for word in words]
    merges = []
    while pairs := Counter(pair for symbols in spelled for pair in pairwise(symbols)):
        merges.append(min(pairs, key=lambda pair: (-pairs[pair], pair)))
        spelled = [_merged(symbols, merges[-1]) for symbols in spelled]
    return merges


def _merged(symbols: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    merged: list[str] = []
    for symbol in symbols:
        if merged and (merged[-1], symbol) == pair:
            merged[-1] += symbol
        else:
            merged.append(symbol)
    return tuple(merged)


def build_text_encoder(tokenizer: "CLIPTokenizer") -> "CLIPTextModel":
    """A two-layer CLIP text encoder for that tokenizer."""
    from transformers import CLIPTextConfig, CLIPTextModel

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=TEXT_WIDTH,
        intermediate_size=4 * TEXT_WIDTH,
        projection_dim=TEXT_WIDTH,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=TEXT_LENGTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPTextModel(config)


def build_clip_words(count: int) -> tuple[ClipWords, ...]:
    """So many text encoders, each untrained in its own way, of one tokenizer."""
    tokenizer = build_tokenizer()
    return tuple(ClipWords(tokenizer, build_text_encoder(tokenizer)) for _ in range(count))


def build_autoencoder() -> "AutoencoderKL":
    """A small AutoencoderKL: 32x32 pixels to four latent channels of 8x8, nearly noiseless at first."""
    import torch
    from diffusers import AutoencoderKL

    autoencoder = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 64),
        layers_per_block=1,
        latent_channels=LATENT_CHANNELS,
        norm_num_groups=8,
        sample_size=SIZE,
        scaling_factor=1.0,
    )
    torch.nn.init.constant_(autoencoder.quant_conv.bias[LATENT_CHANNELS:], FIRST_LOG_VARIANCE)
    return autoencoder


def tell_frames_apart(temporal: "nn.Module") -> None:
    """Let each frame attend most to those near it, and pass on in full what it finds.

    With the usual start every frame attends to all alike, and the number of a frame is lost on the way.
    """
    import torch
    from diffusers.models.attention import Attention

    for name, module in temporal.named_modules():
        if isinstance(module, torch.nn.Linear) and ".ff." not in name:
            torch.nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                torch.nn.init.zeros_(module.bias)
    for module in temporal.modules():
        if isinstance(module, Attention):
            torch.nn.init.orthogonal_(module.to_q.weight, gain=QUERY_GAIN)
            module.to_k.load_state_dict(module.to_q.state_dict())


def build_scheduler() -> "DDIMScheduler":
    """DDPM's noise schedule, rescaled to end in pure noise (Lin et al. 2024); the denoiser predicts velocity.

    Eight alike frames show through more noise than one picture does. If noise never hid them wholly, the
    denoiser would learn to read motion and shape off the noisy latents, and to overlook the caption.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(
        beta_start=0.0001,
        beta_end=0.02,
        beta_schedule="linear",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        prediction_type="v_prediction",
    )
