"""The list of video model families: one line each, imported only when asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.registries import class_named

if TYPE_CHECKING:
    from vip.families.base import VideoFamily

FAMILIES: dict[str, str] = {
    "animatediff": "vip.families.animatediff:AnimateDiff",
    "modelscope": "vip.families.modelscope:ModelScope",
    "videocrafter2": "vip.families.videocrafter.family:VideoCrafter2",
    "wan": "vip.families.transformers.wan:Wan",
    "cogvideox": "vip.families.transformers.cogvideox:CogVideoX",
    "ltx": "vip.families.transformers.ltx:LTXVideo",
    "hunyuanvideo": "vip.families.transformers.hunyuanvideo:HunyuanVideo",
    "mochi": "vip.families.transformers.mochi:Mochi",
    "latte": "vip.families.transformers.latte:Latte",
    "allegro": "vip.families.transformers.allegro:Allegro",
}
"""Family name -> "module:Class". The contract tests run over this list."""
COUPLED = ("ConsisIDPipeline", "WanAnimatePipeline", "WanVACEPipeline")
"""Pipelines of models with side modules that are tied to block numbers."""


def family_named(name: str) -> "type[VideoFamily]":
    """The family class of that name; UserError for an unknown one."""
    family: type[VideoFamily] = class_named("model family", FAMILIES, name)
    return family


def family_of_class(pipeline_class: str) -> "type[VideoFamily]":
    """The family class that opens folders whose `model_index.json` names this diffusers pipeline class."""
    families = {family.pipeline_class: family for family in map(family_named, FAMILIES)}
    if pipeline_class not in families:
        reason = ": its side modules are tied to block numbers" if pipeline_class in COUPLED else ""
        raise UserError(
            f"pipeline class {pipeline_class!r} in model_index.json is not supported{reason}; "
            f"supported classes: {', '.join(sorted(families))}"
        )
    return families[pipeline_class]


def family_of_folder(folder: Path) -> "type[VideoFamily]":
    """The family class that opens this model folder."""
    from vip.families.storage import read_json

    return family_of_class(str(read_json(folder / "model_index.json").get("_class_name")))
