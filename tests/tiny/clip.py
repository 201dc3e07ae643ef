"""A tiny random CLIP of the real classes."""

from pathlib import Path

import torch
from tests.tiny.text import awake
from transformers import CLIPConfig, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from vip.shapes.teacher.architecture import build_tokenizer

WIDTH = 16
SIZE = 16


def build(folder: Path, seed: int = 0) -> Path:
    """Save model, tokenizer and image processor as a CLIP folder on the hub holds them."""
    tokenizer = build_tokenizer()
    tower = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    text = {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": 12,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
    settings = CLIPConfig(
        text_config=tower | text,
        vision_config=tower | {"image_size": SIZE, "patch_size": 8},
        projection_dim=8,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        awake(CLIPModel(settings), seed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    size = {"shortest_edge": SIZE}
    CLIPImageProcessorPil(size=size, crop_size={"height": SIZE, "width": SIZE}).save_pretrained(folder)
    return folder
