"""`kedro convert`: a model published in its authors' own format as a diffusers folder."""

from pathlib import Path

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS

from vip.commands.experiment import echo
from vip.families.videocrafter.convert import LICENCE, TOKENIZER, ClipShape

SHAPE = ClipShape()


@click.group(context_settings=CONTEXT_SETTINGS)
def convert() -> None:
    """Turn a published checkpoint into a diffusers folder."""


@convert.command("animatediff")
@click.argument("base")
@click.argument("adapter")
@click.argument("folder", type=click.Path(path_type=Path))
def animatediff(base: str, adapter: str, folder: Path) -> None:
    """Write BASE (a Stable Diffusion 1.5 folder) and a motion ADAPTER (folder or file) as a new FOLDER.

    BASE and ADAPTER may be names on the hub.
    """
    from vip.families.animatediff_sources import assemble

    def assembled() -> str:
        assemble(base, adapter, folder)
        return f"{folder} is a diffusers folder now."

    echo(assembled)


@convert.command("videocrafter2")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--height",
    default=SHAPE.height,
    type=click.IntRange(min=1),
    show_default=True,
    help="Pixels; the checkpoint does not tell.",
)
@click.option("--width", default=SHAPE.width, type=click.IntRange(min=1), show_default=True, help="Pixels.")
@click.option(
    "--frames",
    default=SHAPE.num_frames,
    type=click.IntRange(min=1),
    show_default=True,
    help="Frames of a clip.",
)
@click.option(
    "--fps",
    default=SHAPE.fps,
    type=click.IntRange(min=1),
    show_default=True,
    help="The frame rate that the model is told.",
)
@click.option("--tokenizer", help="A folder with CLIP's vocab.json and merges.txt, or a hub id.")
@click.option("--licence", default=LICENCE, show_default=True, help="As the checkpoint's card has it.")
def videocrafter2(
    checkpoint: Path,
    folder: Path,
    height: int,
    width: int,
    frames: int,
    fps: int,
    tokenizer: str | None,
    licence: str,
) -> None:
    """Write VideoCrafter2's CHECKPOINT (model.ckpt or .safetensors) as a new diffusers FOLDER.

    CLIP's vocabulary is not in the checkpoint: without --tokenizer it is fetched from the hub.
    """
    from vip.families.videocrafter.convert import convert as convert_checkpoint

    def converted() -> str:
        shape = ClipShape(height, width, frames, fps)
        convert_checkpoint(checkpoint, folder, shape, tokenizer or TOKENIZER, licence)
        return f"{folder} is a diffusers folder now."

    echo(converted)
