"""A tiny random VideoScore: a stock Idefics2 with a head of five, its real processor, our own card."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tests.tiny.text import awake
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import Idefics2Config, Idefics2Model, PreTrainedTokenizerFast
from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil

WIDTH = 32
LATENTS = 4
QUERY = '\nHow good is this film of "{text_prompt}"?\n'
QUERY_SHA256 = hashlib.sha256(QUERY.encode()).hexdigest()
"""What a test has to put in place of the real query's hash."""
CARD = f'# A tiny model\n```python\n"""nothing"""\nQUERY = """{QUERY}"""\n```\n'
WORDS = (
    "<pad>",
    "<unk>",
    "how",
    "good",
    "film",
    "red",
    "blue",
    "green",
    "circle",
    "square",
    "moves",
    "left",
    "?",
)
SPECIAL = ("<fake_token_around_image>", "<image>", "<end_of_utterance>")


def tokenizer() -> PreTrainedTokenizerFast:
    """Reads whole words; pads on the left, as Idefics2's does."""
    vocabulary = {word: i for i, word in enumerate((*WORDS, *SPECIAL))}
    reader = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    reader.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=reader,
        pad_token="<pad>",
        unk_token="<unk>",
        padding_side="left",
        extra_special_tokens=list(SPECIAL),
    )


def config() -> Idefics2Config:
    """Two layers each; frames are scaled to 28..56 pixels a side, in patches of 14."""
    words = len(WORDS) + len(SPECIAL)
    text = {
        "model_type": "mistral",
        "vocab_size": words,
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "pad_token_id": 0,
    }
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    perceiver = {
        "hidden_size": WIDTH,
        "resampler_n_latents": LATENTS,
        "resampler_depth": 1,
        "resampler_n_heads": 2,
        "resampler_head_dim": 8,
        "num_key_value_heads": 1,
    }
    return Idefics2Config(
        text_config=text,
        vision_config=vision | {"image_size": 56, "patch_size": 14},
        perceiver_config=perceiver,
        image_token_id=words - 2,
        pad_token_id=0,
    )


def build(folder: Path, seed: int = 0, outputs: int = 5) -> Path:
    """Save model, head, processor and card as VideoScore's folder on the hub holds them."""
    settings = config()
    backbone = awake(Idefics2Model(settings), seed)
    backbone.save_pretrained(folder)
    head = awake(torch.nn.Linear(WIDTH, outputs), seed)
    weights = {f"model.{name}": value for name, value in load_file(folder / "model.safetensors").items()}
    weights |= {f"score.{name}": value.detach() for name, value in head.named_parameters()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    tokenizer().save_pretrained(folder)
    Idefics2ImageProcessorPil(size={"shortest_edge": 28, "longest_edge": 56}).save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    return folder
