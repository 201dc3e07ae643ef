"""Tiny tokenizers and text encoders of the real classes, made without a download."""

import string

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPTextModel,
    LlamaConfig,
    LlamaModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

from vip.shapes.teacher.architecture import TEXT_WIDTH, build_text_encoder, build_tokenizer

WIDTH = 16
"""Of all text encoders but CLIP."""
CLIP_WIDTH = TEXT_WIDTH


def t5_tokenizer() -> T5Tokenizer:
    """Characters and a few whole words; reads any lower-case text."""
    pieces = ["<pad>", "</s>", "<unk>", "▁", *string.ascii_lowercase, "▁red", "▁blue", "▁moves", "▁still"]
    return T5Tokenizer(vocab=[(piece, -float(i)) for i, piece in enumerate(pieces)], extra_ids=0)


def t5() -> dict[str, object]:
    """Tokenizer and encoder of a T5."""
    tokenizer = t5_tokenizer()
    return {"tokenizer": tokenizer, "text_encoder": T5EncoderModel(T5Config(**_t5_config(tokenizer)))}


def umt5() -> dict[str, object]:
    """Tokenizer and encoder of a UMT5."""
    tokenizer = t5_tokenizer()
    return {"tokenizer": tokenizer, "text_encoder": UMT5EncoderModel(UMT5Config(**_t5_config(tokenizer)))}


def _t5_config(tokenizer: T5Tokenizer) -> dict[str, object]:
    return {
        "vocab_size": len(tokenizer),
        "d_model": WIDTH,
        "d_kv": 8,
        "d_ff": 2 * WIDTH,
        "num_layers": 1,
        "num_heads": 2,
    }


def llama() -> dict[str, object]:
    """Tokenizer and model of a Llama, which reads whole words: HunyuanVideo cuts a template of 95 tokens."""
    words = [
        "<pad>",
        "<unk>",
        "a",
        "red",
        "blue",
        "circle",
        "square",
        "moves",
        "stays",
        "left",
        "on",
        "white",
    ]
    reader = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    reader.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=reader, pad_token="<pad>", unk_token="<unk>", padding_side="right"
    )
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=512,
        pad_token_id=0,
    )
    return {"tokenizer": tokenizer, "text_encoder": LlamaModel(config)}


def clip() -> dict[str, object]:
    """Second tokenizer and encoder: a CLIP."""
    tokenizer = build_tokenizer()
    tokenizer.model_max_length = 77
    config = build_text_encoder(tokenizer).config
    config.max_position_embeddings = 77
    return {"tokenizer_2": tokenizer, "text_encoder_2": CLIPTextModel(config)}


def awake(model: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Random weights everywhere, so that no output is zero by initialisation and every block matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            drawn = torch.randn(value.shape, generator=generator)
            norm = "norm" in name and value.ndim == 1 and name.endswith("weight")
            fan_in = value[0].numel() if value.ndim > 1 else 1
            value.copy_(1 + 0.1 * drawn if norm else drawn * (fan_in**-0.5 if value.ndim > 1 else 0.1))
    return model
