"""The text side of a teacher: a tokenizer, and a text encoder that learns with the denoiser."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import CLIPTextModel, CLIPTokenizer, T5Tokenizer, UMT5EncoderModel


class Words(ABC):
    """What turns captions into embeddings, as the teacher's pipeline does."""

    encoder: "nn.Module"

    @abstractmethod
    def embed(self, captions: list[str]) -> "Tensor":
        """Caption embeddings (B, tokens, width)."""


@dataclass(frozen=True)
class ClipWords(Words):
    """Words of the Stable Diffusion pipelines."""

    tokenizer: "CLIPTokenizer"
    encoder: "CLIPTextModel"

    def embed(self, captions: list[str]) -> "Tensor":
        """Caption embeddings (B, tokens, width), padded to full length as AnimateDiffPipeline does."""
        tokens: Any = self.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
        embeddings: Tensor = self.encoder(tokens.input_ids)[0]
        return embeddings


@dataclass(frozen=True)
class T5Words(Words):
    """Words of Wan's pipeline, padded to so many tokens."""

    tokenizer: "T5Tokenizer"
    encoder: "UMT5EncoderModel"
    length: int

    def embed(self, captions: list[str]) -> "Tensor":
        """Caption embeddings (B, tokens, width), zeros behind the last word as WanPipeline has it."""
        tokens: Any = self.tokenizer(
            captions, padding="max_length", max_length=self.length, truncation=True, return_tensors="pt"
        )
        mask: Tensor = tokens.attention_mask
        embeddings: Tensor = self.encoder(tokens.input_ids, mask)[0]
        return embeddings * mask[..., None]
