"""V.I.P.: iterative pruning and preference distillation of video diffusion models (arXiv 2508.03254)."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline

__all__ = ["load_pipeline"]


def load_pipeline(path: str | Path, device: str = "cpu") -> "DiffusionPipeline":
    """Open a teacher's or a student's folder as an ordinary diffusers pipeline, ready to be called.

    The pipeline's denoiser lacks what the folder's `pruning_record.json` says is gone.
    """
    from vip.families.registry import family_of_folder

    folder = Path(path)
    return family_of_folder(folder).open(folder, device).to_pipeline()
