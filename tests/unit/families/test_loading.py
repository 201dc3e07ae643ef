"""bfloat16, turns on the device and tiles: less memory, the same model."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.tiny.models import TINY
from torch import nn

from vip.errors import UserError
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.loading import AUTOENCODER, Loading, models_of
from vip.families.tiling import tile_decoding
from vip.families.turns import device_of, take_turns
from vip.training.optimisation import only_trainable
from vip.types import Sampler

PROMPTS = ["a red circle moves left", "a blue square stays still"]
HALF = Loading(precision="bf16")


@pytest.fixture(scope="module", params=sorted(TINY))
def folder(request: pytest.FixtureRequest, tiny_folder_of: Callable[[str], Path]) -> ModelFolder:
    """A tiny model of each kind."""
    return ModelFolder(tiny_folder_of(request.param), TINY[request.param].family, "")


def noise_for(model: VideoFamily) -> torch.Tensor:
    return torch.randn(2, *model.latent_shape, generator=torch.Generator().manual_seed(0))


def predict(model: VideoFamily) -> torch.Tensor:
    timesteps = model.timesteps(torch.Generator().manual_seed(1), 2)
    with torch.no_grad():
        return model.predict(model.denoiser, noise_for(model), timesteps, model.encode(PROMPTS))


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    return float(torch.linalg.vector_norm(found - expected) / torch.linalg.vector_norm(expected))


def test_in_bfloat16_every_family_predicts_and_samples_nearly_the_same(folder: ModelFolder) -> None:
    plain, half = folder.open(), folder.open("cpu", HALF)
    predicted = predict(half)
    assert predicted.dtype == torch.float32
    assert 0 < distance(predicted, predict(plain)) < 0.05
    sampler = Sampler(2, 1.0)
    latents = half.sample(half.encode(PROMPTS), noise_for(half), sampler)
    assert latents.dtype == torch.float32
    assert distance(latents, plain.sample(plain.encode(PROMPTS), noise_for(plain), sampler)) < 0.05


def test_norms_and_the_autoencoder_stay_in_float32(folder: ModelFolder) -> None:
    models = models_of(folder.open("cpu", HALF))
    assert {value.dtype for value in models.pop(AUTOENCODER).parameters()} == {torch.float32}
    for model in models.values():
        for module in model.modules():
            low = isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d | nn.Embedding)
            expected = {torch.bfloat16 if low else torch.float32}
            assert {value.dtype for value in module.parameters(recurse=False)} <= expected


def test_what_is_trained_keeps_its_weights(tiny_folder: ModelFolder) -> None:
    plain, held = tiny_folder.open(), tiny_folder.open("cpu", HALF, training=True)
    trained = held.trainable()
    for name, value in plain.trainable().items():
        assert torch.equal(trained[name], value)
    frozen = set(dict(held.denoiser.named_parameters())) - set(trained)
    assert any(held.denoiser.get_parameter(name).dtype == torch.bfloat16 for name in frozen)


def test_a_weight_rounded_once_and_at_each_call_gives_the_same_product(tiny_folder: ModelFolder) -> None:
    assert torch.equal(
        predict(tiny_folder.open("cpu", HALF, training=True)), predict(tiny_folder.open("cpu", HALF))
    )


def test_a_step_lowers_the_loss_and_moments_are_float32(tiny_folder: ModelFolder) -> None:
    model = tiny_folder.open("cpu", HALF, training=True)
    parameters = only_trainable(model).values()
    optimizer = torch.optim.AdamW(parameters, lr=1e-3)
    words, target, losses = model.encode(PROMPTS), noise_for(model), []
    for _ in range(3):
        loss = (model.predict(model.denoiser, target, torch.tensor([9, 500]), words) - target).square().mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[2] < losses[1] < losses[0]
    kept = list(parameters) + [parameter.grad for parameter in parameters]
    moments = [moment for state in optimizer.state.values() for moment in state.values()]
    assert {value.dtype for value in [*kept, *moments]} == {torch.float32}


def test_the_default_is_the_model_as_it_is(tiny_folder: ModelFolder, tiny_model: VideoFamily) -> None:
    opened = tiny_folder.open("cpu", Loading())
    assert torch.equal(predict(opened), predict(tiny_model))
    assert Loading().marks == ()
    assert Loading(offload=True).marks == ()
    assert len({Loading(precision="bf16", vae_tiling=tiled).marks for tiled in (False, True)}) == 2


def test_nothing_waits_on_the_cpu(tiny_folder: ModelFolder) -> None:
    opened = tiny_folder.open("cpu", Loading(offload=True))
    assert not any(hasattr(model, "_hf_hook") for model in models_of(opened).values())


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[tuple[nn.Module, str]]:
    """Every model's moves, in order; the "fake" device is the CPU under another name."""
    log: list[tuple[nn.Module, str]] = []
    real = nn.Module.to

    def to(module: nn.Module, *args: object, **named: object) -> nn.Module:
        if args and args[0] in ("cpu", "cpu:0"):
            log.append((module, str(args[0])))
        return real(module, *args, **named)

    monkeypatch.setattr(nn.Module, "to", to)
    return log


def test_each_model_comes_in_when_it_is_called(
    tiny_folder_of: Callable[[str], Path], moves: list[tuple[nn.Module, str]]
) -> None:
    plain = ModelFolder(tiny_folder_of("wan_two"), "wan", "").open()
    model = ModelFolder(tiny_folder_of("wan_two"), "wan", "").open()
    models = models_of(model)
    moves.clear()
    take_turns([[part] for part in models.values()], "cpu:0")
    assert moves == [(part, "cpu") for part in models.values()]
    moves.clear()
    sampler = Sampler(4, 3.0)
    latents = model.sample(model.encode(PROMPTS), noise_for(model), sampler)
    frames = model.decode(latents)
    came = [part for part, where in moves if where == "cpu:0"]
    turns = list(dict.fromkeys(name_of(models, part) for part in came))
    assert turns == ["text_encoder", "transformer", "transformer_2", "vae"]
    assert device_of(model) == torch.device("cpu:0")
    expected = plain.sample(plain.encode(PROMPTS), noise_for(plain), sampler)
    assert torch.equal(latents, expected)
    assert np.array_equal(frames, plain.decode(expected))


def name_of(models: dict[str, nn.Module], model: nn.Module) -> str:
    return next(name for name, other in models.items() if other is model)


class Somewhere(nn.Module):
    """A model that says where it is, without being anywhere."""

    def __init__(self, log: list[str], name: str) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.log, self.name = log, name

    def to(self, device: str) -> "Somewhere":
        self.weight = nn.Parameter(torch.zeros(1, device="meta" if device == "gpu" else "cpu"))
        self.log.append(f"{self.name} {device}")
        return self

    def forward(self) -> None:
        self.log.append(f"{self.name} works")


def test_the_others_leave_before_a_model_comes_and_a_team_stays_together() -> None:
    log: list[str] = []
    first, second, encoder = (Somewhere(log, name) for name in ("first", "second", "encoder"))
    take_turns([[first, second], [encoder]], "gpu")
    assert log == ["first cpu", "second cpu", "encoder cpu"]
    log.clear()
    for model in (encoder, first, second, encoder):
        model()
    assert log == [
        *("encoder gpu", "encoder works"),
        *("encoder cpu", "first gpu", "first works"),
        *("second gpu", "second works"),
        *("first cpu", "second cpu", "encoder gpu", "encoder works"),
    ]


def test_who_stays_is_never_moved_and_still_makes_room() -> None:
    log: list[str] = []
    first, second, shards = (Somewhere(log, name) for name in ("first", "second", "shards"))
    take_turns([[first], [second]], "gpu", [shards])
    assert log == ["first cpu", "second cpu"]
    log.clear()
    for model in (first, shards, second, shards):
        model()
    assert log == [
        *("first gpu", "first works"),
        *("first cpu", "shards works"),
        *("second gpu", "second works"),
        *("second cpu", "shards works"),
    ]


def test_denoisers_that_are_to_be_sharded_stay_where_they_were_opened(
    tiny_folder_of: Callable[[str], Path], moves: list[tuple[nn.Module, str]]
) -> None:
    model = ModelFolder(tiny_folder_of("wan_two"), "wan", "").open()
    models = models_of(model)
    moves.clear()
    Loading(sharded=True).apply(model, "cpu:0", training=True)
    assert {name_of(models, part) for part, _ in moves} == {"text_encoder", "vae"}


def cover_all(vae: nn.Module) -> None:
    """Make tiles larger than any tiny clip."""
    for name, value in vars(vae).items():
        if re.fullmatch(r"tile_(sample|latent)_min_\w+", name) and isinstance(value, int):
            setattr(vae, name, 10_000)


def test_tiles_are_turned_on_and_one_that_covers_all_changes_nothing(folder: ModelFolder) -> None:
    plain = folder.open()
    tiled = folder.open("cpu", Loading(vae_tiling=True))
    assert tiled.vae.use_tiling
    assert tiled.vae.use_slicing
    cover_all(tiled.vae)
    latents = 0.5 * noise_for(plain)
    found, expected = tiled.decode(latents).astype(int), plain.decode(latents).astype(int)
    assert np.abs(found - expected).max() <= 1


def test_small_tiles_are_really_used(tiny_folder: ModelFolder) -> None:
    model = tiny_folder.open("cpu", Loading(vae_tiling=True))
    model.vae.tile_latent_min_size = 4
    model.vae.tile_sample_min_size = 16
    pictures = []
    decoder = model.vae.decoder.forward
    model.vae.decoder.forward = lambda given, *more: pictures.append(given.shape) or decoder(given, *more)
    assert model.decode(noise_for(model)[:1]).shape == (1, *model.frame_shape)
    assert {shape[0] for shape in pictures} == {1}
    assert max(shape[-1] for shape in pictures) == 4


def test_an_autoencoder_without_tiles_is_refused() -> None:
    with pytest.raises(UserError, match="Linear cannot decode in tiles; set vae_tiling to false"):
        tile_decoding(nn.Linear(1, 1))
