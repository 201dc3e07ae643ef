"""Latte with its other decoder, which sees frames together: decoded as by the stock pipeline, no tiles."""

from pathlib import Path

import pytest
import torch
from tests.tiny import latte

from vip.errors import UserError
from vip.families.folder import ModelFolder
from vip.families.loading import Loading
from vip.families.transformers.latte import Latte


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("models") / "latte_temporal"
    latte.build_temporal(target)
    return target


def test_frames_are_decoded_together_as_far_as_the_stock_pipeline_does(folder: Path) -> None:
    from diffusers import LattePipeline

    model = Latte.open(folder)
    stock = LattePipeline.from_pretrained(folder)
    latents = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = model.decode_clip(latents)
        expected = stock.decode_latents(latents, latents.shape[2])
        together = stock.decode_latents(latents, latents.shape[2], decode_chunk_size=16)
    assert found.shape == (1, *torch.tensor(model.frame_shape)[[3, 0, 1, 2]].tolist())
    assert torch.equal(found, expected)
    assert not torch.allclose(found, together, atol=1e-3), "else any stretch would do"


def test_it_has_no_tiles(folder: Path) -> None:
    with pytest.raises(UserError, match="TemporalDecoder cannot decode in tiles; set vae_tiling to false"):
        ModelFolder(folder, "latte", "").open("cpu", Loading(vae_tiling=True))
