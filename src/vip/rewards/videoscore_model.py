"""The network of VideoScore: stock Idefics2, and a linear head on the last token."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vip.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

OUTPUTS = 5
"""Visual quality, temporal consistency, dynamic degree, text-to-video alignment, factual consistency."""
HEAD = ("score.weight", "score.bias")
IMAGE = "<image>"
"""Where a frame stands in the text."""


@dataclass(frozen=True)
class VideoScoreModel:
    """An opened model: backbone in its own precision, head in float32, and the processor of its inputs."""

    backbone: "nn.Module"
    head: "nn.Linear"
    processor: Any

    def regress(self, clips: "Sequence[Sequence[NDArray[np.uint8]]]", texts: "Sequence[str]") -> "Tensor":
        """The outputs (B, 5), float32, for B clips of frames (H, W, 3) and texts with as many `<image>`."""
        from PIL import Image

        images = [[Image.fromarray(frame) for frame in clip] for clip in clips]
        inputs = self.processor(text=list(texts), images=images, padding=len(texts) > 1, return_tensors="pt")
        return self.forward(inputs)

    def forward(self, inputs: "Mapping[str, Tensor]") -> "Tensor":
        """The outputs (B, 5), float32, read off the last token that is not padding, whichever side is.

        Inputs as Idefics2's processor gives them: input_ids and attention_mask (B, T), pixel_values
        (B, F, 3, H, W), pixel_attention_mask (B, F, H, W).
        """
        import torch

        device = self.head.weight.device
        given = {name: value.to(device) for name, value in inputs.items()}
        with torch.inference_mode():
            hidden = self.backbone(**given, use_cache=False).last_hidden_state
            mask = given["attention_mask"]
            places = torch.arange(mask.shape[1], device=device)
            last = (mask * places).argmax(dim=1)
            chosen = hidden[torch.arange(len(hidden), device=device), last]
            outputs: Tensor = self.head(chosen.float())
        return outputs.cpu()


def open_videoscore(folder: Path, device: str, precision: str) -> VideoScoreModel:
    """Load a folder as published; UserError where it is torn, no Idefics2, or has no head of five outputs."""
    import torch

    head = _head(folder)
    try:
        backbone = _backbone(folder, getattr(torch, precision))
        processor = _processor(folder, backbone.config)
    except UserError:
        raise
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(
            f"{folder} cannot be opened as an Idefics2 model ({reason}); download it again"
        ) from None
    return VideoScoreModel(backbone.to(device).eval(), head.to(device).eval(), processor)


def _head(folder: Path) -> "nn.Linear":
    from torch import nn

    weight, bias = (_tensor(folder, name) for name in HEAD)
    outputs, width = weight.shape
    if outputs != OUTPUTS:
        raise UserError(
            f"{folder}: the head has {outputs} outputs, VideoScore has {OUTPUTS}; give VideoScore's folder"
        )
    head = nn.Linear(width, outputs)
    head.load_state_dict({"weight": weight.float(), "bias": bias.float()})
    return head


def _tensor(folder: Path, name: str) -> "Tensor":
    """One tensor of a model of one file or of several with an index."""
    from safetensors import SafetensorError, safe_open

    index = folder / "model.safetensors.index.json"
    try:
        files = json.loads(index.read_text())["weight_map"] if index.exists() else {}
        with safe_open(folder / files.get(name, "model.safetensors"), "pt") as weights:
            if name not in set(weights.keys()):
                raise UserError(
                    f"{folder} holds no {name}, the regression head; give the folder of a VideoScore model"
                )
            tensor: Tensor = weights.get_tensor(name)
            return tensor
    except (SafetensorError, OSError, KeyError, json.JSONDecodeError) as error:
        raise UserError(f"{folder}: the weights cannot be read ({error}); download them again") from None


def _backbone(folder: Path, dtype: Any) -> Any:
    from transformers import Idefics2Config, Idefics2Model
    from transformers.utils import logging

    config = Idefics2Config.from_pretrained(folder)
    # VideoScore was trained with the text model's epsilon in the perceiver's norms; stock takes another
    config.perceiver_config.rms_norm_eps = config.text_config.rms_norm_eps
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what it reports, the head, is no part of the backbone
    try:
        model, report = Idefics2Model.from_pretrained(
            folder, config=config, dtype=dtype, output_loading_info=True
        )
    finally:
        logging.set_verbosity(verbosity)
    missing = sorted(report["missing_keys"])
    if missing:
        raise UserError(
            f"{folder} lacks {len(missing)} weights of its Idefics2 ({missing[0]}, ...); download it again"
        )
    return model


def _processor(folder: Path, config: Any) -> Any:
    """Idefics2's processor on Pillow, as VideoScore was trained: other ways to resize give other scores."""
    from transformers import AutoTokenizer, Idefics2Processor
    from transformers.models.idefics2.image_processing_pil_idefics2 import Idefics2ImageProcessorPil

    tokenizer = AutoTokenizer.from_pretrained(folder)
    images = Idefics2ImageProcessorPil.from_pretrained(folder)
    latents = config.perceiver_config.resampler_n_latents
    processor = Idefics2Processor(images, tokenizer, image_seq_len=latents)
    token = tokenizer.convert_tokens_to_ids(IMAGE)
    if token != config.image_token_id:
        raise UserError(
            f"{folder}: {IMAGE} is token {token} to the tokenizer and {config.image_token_id} to the "
            "model; they do not belong together, download both again"
        )
    return processor
