"""Tiny tokenizers and text encoders of the real classes, made without a download."""

import string

import torch
from transformers import (
    T5Config,
    T5EncoderModel,
    T5Tokenizer,
    UMT5Config,
    UMT5EncoderModel,
)

WIDTH = 16


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
