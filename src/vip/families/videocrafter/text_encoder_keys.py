"""OpenCLIP's text tower in a VideoCrafter checkpoint as a transformers `CLIPTextModel`.

VideoCrafter reads the words after the last but one layer and the final normalisation (`penultimate`), so
the last layer is not converted: what is left ends where it reads.
"""

import re
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.families.videocrafter.checkpoint import TEXT_ENCODER, Converted, need, renamed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

PREFIX = f"{TEXT_ENCODER}model."
HEAD_WIDTH = 64
"""Width of an attention head in every OpenCLIP text tower."""
START, END = 49406, 49407
"""CLIP's marks around a text."""
_NOT_READ = re.compile(r"(text_projection|logit_scale|attn_mask|visual\..*)$")
_OUTSIDE = {
    "token_embedding.": "embeddings.token_embedding.",
    "positional_embedding": "embeddings.position_embedding.weight",
    "ln_final.": "final_layer_norm.",
}
_LAYER = {
    "ln_1.": "layer_norm1.",
    "ln_2.": "layer_norm2.",
    "mlp.c_fc.": "mlp.fc1.",
    "mlp.c_proj.": "mlp.fc2.",
    "attn.out_proj.": "self_attn.out_proj.",
    "attn.q_": "self_attn.q_proj.",
    "attn.k_": "self_attn.k_proj.",
    "attn.v_": "self_attn.v_proj.",
}


def convert_text_encoder(state: "Mapping[str, Tensor]") -> Converted:
    """Configuration and weights of a `CLIPTextModel` from the tensors under `cond_stage_model.model.`.

    UserError where they are not those of a text tower with at least two layers. Weights become float32.
    """
    numbers = {
        int(found.group(1)) for name in state if (found := re.match(r"transformer\.resblocks\.(\d+)\.", name))
    }
    needed = ["token_embedding.weight", "positional_embedding", "ln_final.weight"]
    need(state, PREFIX, [*needed, "transformer.resblocks.0.mlp.c_fc.weight"])
    if len(numbers) < 2:
        raise UserError(
            f"not a VideoCrafter checkpoint: {PREFIX}* has {len(numbers)} layers; it needs two or more"
        )
    last = f"transformer.resblocks.{max(numbers)}."
    read = {
        name: value for name, value in state.items() if not (name.startswith(last) or _NOT_READ.match(name))
    }
    vocabulary, width = state["token_embedding.weight"].shape
    config = {
        "vocab_size": vocabulary,
        "hidden_size": width,
        "intermediate_size": state["transformer.resblocks.0.mlp.c_fc.weight"].shape[0],
        "projection_dim": width,
        "num_hidden_layers": len(numbers) - 1,
        "num_attention_heads": max(width // HEAD_WIDTH, 1),
        "max_position_embeddings": state["positional_embedding"].shape[0],
        "hidden_act": "gelu",
        "bos_token_id": START,
        "eos_token_id": END,
        "pad_token_id": 0,
    }
    names = dict(_OUTSIDE)
    for number in numbers:
        names |= {
            f"transformer.resblocks.{number}.{old}": f"encoder.layers.{number}.{new}"
            for old, new in _LAYER.items()
        }
    return Converted(config, renamed(_apart(read), PREFIX, names))


def _apart(state: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Queries, keys and values are one matrix in OpenCLIP and three in transformers."""
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        before, joined, kind = name.partition("in_proj_")
        if joined:
            thirds = value.chunk(3)
            found |= {
                f"{before}{letter}_{kind}": third.clone() for letter, third in zip("qkv", thirds, strict=True)
            }
        else:
            found[name] = value
    return found
