"""The published models as outlines: folders of configurations at their real sizes, without any weights.

Numbers are those of the models' own configurations, which mostly are diffusers' defaults; the text encoders
are T5 v1.1 XXL, UMT5 XXL, Llama 3 8B and CLIP. Vocabularies are the tiny models': a prompt is padded anyway.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from tests.tiny import text

from vip.families.storage import write_json
from vip.shapes.teacher.architecture import build_tokenizer

Part = tuple[str, dict[str, Any]]
"""A class of diffusers or transformers, and what differs from its defaults."""

T5: Part = (
    "T5EncoderModel",
    {"d_model": 4096, "d_kv": 64, "d_ff": 10240, "num_layers": 24, "num_heads": 64, "vocab_size": 32128}
    | {"feed_forward_proj": "gated-gelu"},
)
UMT5: Part = ("UMT5EncoderModel", T5[1] | {"vocab_size": 256384})
LLAMA: Part = (
    "LlamaModel",
    {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32}
    | {"num_key_value_heads": 8, "vocab_size": 128320, "max_position_embeddings": 8192},
)
CLIP_L: Part = (
    "CLIPTextModel",
    {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12},
)
CLIP_H: Part = (
    "CLIPTextModel",
    {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 23, "num_attention_heads": 16},
)
PICTURES: Part = (
    "AutoencoderKL",
    {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (128, 256, 512, 512),
        "layers_per_block": 2,
        "latent_channels": 4,
        "sample_size": 512,
    },
)
LATTE = {
    "attention_head_dim": 72,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 28,
    "cross_attention_dim": 1152,
    "attention_bias": True,
    "sample_size": 64,
    "patch_size": 2,
    "activation_fn": "gelu-approximate",
    "num_embeds_ada_norm": 1000,
    "norm_type": "ada_norm_single",
    "norm_elementwise_affine": False,
    "norm_eps": 1e-6,
    "caption_channels": 4096,
    "video_length": 16,
}
FLOW: Part = ("FlowMatchEulerDiscreteScheduler", {"shift": 7.0})
LTX_SHIFT = {"use_dynamic_shifting": True, "base_shift": 0.95, "max_shift": 2.05, "shift_terminal": 0.1} | {
    "base_image_seq_len": 1024,
    "max_image_seq_len": 4096,
}
UNIPC = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
SPATIAL = {"sample_size": 64, "cross_attention_dim": 768, "attention_head_dim": 8}
DIFFUSION = {"beta_schedule": "linear", "clip_sample": False}

MODELS: Mapping[str, tuple[str, dict[str, Part], dict[str, object]]] = {
    "animatediff": (
        "AnimateDiffPipeline",
        {
            "unet": ("UNet2DConditionModel", SPATIAL),
            "motion_adapter": ("MotionAdapter", {}),
            "vae": PICTURES,
            "text_encoder": CLIP_L,
            "scheduler": ("DDIMScheduler", DIFFUSION),
        },
        {},
    ),
    "modelscope": (
        "TextToVideoSDPipeline",
        {
            "unet": ("UNet3DConditionModel", {"sample_size": 32}),
            "vae": PICTURES,
            "text_encoder": CLIP_H,
            "scheduler": ("DDIMScheduler", DIFFUSION),
        },
        {},
    ),
    "videocrafter2": (
        "VideoCrafterPipeline",
        {
            "unet": ("vip.families.videocrafter.unet:VideoCrafterUNet", {"sample_size": (40, 64)}),
            "vae": PICTURES,
            "text_encoder": CLIP_H,
            "scheduler": ("vip.families.videocrafter.scheduler:ScaledDDIMScheduler", {}),
        },
        {"fps": 28, "num_frames": 16},
    ),
    "wan": (
        "WanPipeline",
        {
            "transformer": (
                "WanTransformer3DModel",
                {"num_attention_heads": 12, "ffn_dim": 8960, "num_layers": 30},
            ),
            "vae": ("AutoencoderKLWan", {}),
            "text_encoder": UMT5,
            "scheduler": ("UniPCMultistepScheduler", UNIPC),
        },
        {"_clip": {"frames": 33, "height": 480, "width": 832}},
    ),
    "cogvideox": (
        "CogVideoXPipeline",
        {
            "transformer": ("CogVideoXTransformer3DModel", {}),
            "vae": (
                "AutoencoderKLCogVideoX",
                {"block_out_channels": (128, 256, 256, 512), "latent_channels": 16},
            ),
            "text_encoder": T5,
            "scheduler": ("CogVideoXDDIMScheduler", {"prediction_type": "v_prediction"}),
        },
        {},
    ),
    "ltx": (
        "LTXPipeline",
        {
            "transformer": ("LTXVideoTransformer3DModel", {}),
            "vae": ("AutoencoderKLLTXVideo", {}),
            "text_encoder": T5,
            "scheduler": ("FlowMatchEulerDiscreteScheduler", LTX_SHIFT),
        },
        {"_clip": {"frames": 97, "height": 512, "width": 704}},
    ),
    "hunyuanvideo": (
        "HunyuanVideoPipeline",
        {
            "transformer": ("HunyuanVideoTransformer3DModel", {}),
            "vae": ("AutoencoderKLHunyuanVideo", {}),
            "text_encoder": LLAMA,
            "text_encoder_2": CLIP_L,
            "scheduler": FLOW,
        },
        {"_clip": {"frames": 61, "height": 320, "width": 512}},
    ),
    "mochi": (
        "MochiPipeline",
        {
            "transformer": ("MochiTransformer3DModel", {}),
            "vae": ("AutoencoderKLMochi", {}),
            "text_encoder": T5,
            "scheduler": ("FlowMatchEulerDiscreteScheduler", {"invert_sigmas": True}),
        },
        {},
    ),
    "latte": (
        "LattePipeline",
        {
            "transformer": ("LatteTransformer3DModel", LATTE),
            "vae": PICTURES,
            "text_encoder": T5,
            "scheduler": ("DDIMScheduler", DIFFUSION),
        },
        {},
    ),
    "allegro": (
        "AllegroPipeline",
        {
            "transformer": ("AllegroTransformer3DModel", {}),
            "vae": ("AutoencoderKLAllegro", {}),
            "text_encoder": T5,
            "scheduler": ("EulerAncestralDiscreteScheduler", {"timestep_spacing": "leading"}),
        },
        {"_clip": {"frames": 24, "height": 720, "width": 1280}},
    ),
}
"""Experiment -> pipeline class, parts, and what `model_index.json` says besides."""


def outline(experiment: str, folder: Path) -> None:
    """Write the configurations of an experiment's model."""
    pipeline_class, parts, settings = MODELS[experiment]
    index: dict[str, object] = {"_class_name": pipeline_class, "_diffusers_version": diffusers.__version__}
    for name, (kind, config) in parts.items():
        index[name] = _write(kind, config, folder / name)
    for name, tokenizer in _tokenizers(parts).items():
        tokenizer.save_pretrained(folder / name)
        index[name] = ["transformers", type(tokenizer).__name__]
    write_json(folder / "model_index.json", index | settings)


def _write(kind: str, config: dict[str, Any], folder: Path) -> list[str]:
    if hasattr(transformers, kind):
        getattr(transformers, kind).config_class(**config).save_pretrained(folder)
        return ["transformers", kind]
    module, _, name = kind.rpartition(":")
    built = _build(module, name, config)
    built.save_config(folder)
    return [module or "diffusers", name]


def _build(module: str, name: str, config: dict[str, Any]) -> Any:
    made = getattr(import_module(module) if module else diffusers, name)
    if name.endswith("Scheduler"):
        return made(**config)
    with torch.device("meta"):
        return made(**config)


def _tokenizers(parts: Mapping[str, Part]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, (kind, _) in parts.items():
        if name.startswith("text_encoder"):
            readers = {"CLIPTextModel": _clip_reader, "LlamaModel": lambda: text.llama()["tokenizer"]}
            found[name.replace("text_encoder", "tokenizer")] = readers.get(kind, text.t5_tokenizer)()
    return found


def _clip_reader() -> Any:
    tokenizer = build_tokenizer()
    tokenizer.model_max_length = 77
    return tokenizer
