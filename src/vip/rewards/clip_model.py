"""CLIP (Radford et al. 2021) as transformers has it: how alike frames are, to each other and to a prompt."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor


@dataclass(frozen=True)
class ClipModel:
    """An opened CLIP in float32, its tokenizer and its image processor."""

    model: Any
    tokenizer: Any
    images: Any

    def similarities(self, clip: "NDArray[np.uint8]", prompt: str) -> tuple[float, float]:
        """The mean cosine of frames (F, H, W, 3) and prompt, and that of frames and their successors."""
        import torch

        with torch.inference_mode():
            frames, text = self._embed_frames(clip), self._embed(prompt)
        return float((frames @ text.T).mean()), float((frames[:-1] * frames[1:]).sum(dim=-1).mean())

    def _embed_frames(self, clip: "NDArray[np.uint8]") -> "Tensor":
        """Unit vectors (F, D)."""
        from PIL import Image

        pixels = self.images([Image.fromarray(frame) for frame in clip], return_tensors="pt")
        return _unit(self.model.get_image_features(**pixels.to(self.model.device)))

    def _embed(self, prompt: str) -> "Tensor":
        """A unit vector (1, D); what goes beyond CLIP's context of 77 tokens is not read."""
        longest = self.model.config.text_config.max_position_embeddings
        tokens = self.tokenizer([prompt], truncation=True, max_length=longest, return_tensors="pt")
        return _unit(self.model.get_text_features(**tokens.to(self.model.device)))


def open_clip(folder: Path, device: str) -> ClipModel:
    """Load a folder as published; UserError where it is torn or no CLIP model."""
    import torch
    from safetensors import SafetensorError
    from transformers import AutoTokenizer, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    try:
        model, report = CLIPModel.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
        tokenizer, images = (
            AutoTokenizer.from_pretrained(folder),
            CLIPImageProcessorPil.from_pretrained(folder),
        )
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, SafetensorError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{folder} cannot be opened as a CLIP model ({reason}); download it again") from None
    missing = sorted(report["missing_keys"])
    if missing:
        raise UserError(
            f"{folder} lacks {len(missing)} weights of a CLIP model ({missing[0]}, ...); download it again"
        )
    return ClipModel(model.to(device).eval(), tokenizer, images)


def _unit(features: Any) -> "Tensor":
    """Vectors (B, D) of length 1."""
    from torch.nn import functional as F

    return F.normalize(getattr(features, "pooler_output", features), dim=-1)
