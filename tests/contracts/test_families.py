"""What every registered video model family promises, on a tiny random model of its real classes."""

import copy
import inspect
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.tiny.models import TINY, Tiny
from torch.nn import functional

import vip
from vip.families.base import VideoFamily
from vip.families.folder import ModelFolder
from vip.families.registry import FAMILIES, family_named, family_of_class
from vip.families.transformers.base import step_generators
from vip.planning.meta_run import cost_of
from vip.training.batches import NoisyPairs
from vip.training.features import captured, of_winners, winners_features
from vip.types import PrunedStage, PruningRecord, Sampler

GRANULARITIES = ("module", "block")
PROMPTS = ["a red circle moves left", "a blue square stays still on a white background"]


@pytest.fixture(scope="module", params=sorted(TINY))
def tiny(request: pytest.FixtureRequest) -> Tiny:
    """How the stock pipeline of this tiny model is spoken to."""
    return TINY[request.param]


@pytest.fixture(scope="module")
def folder(tiny: Tiny, tiny_folder_of: Callable[[str], Path]) -> Path:
    """Where the tiny model is saved."""
    return tiny_folder_of(next(name for name, other in TINY.items() if other is tiny))


@pytest.fixture(scope="module")
def shared(tiny: Tiny, folder: Path) -> VideoFamily:
    """Opened once for all tests, which leave it as it is."""
    return ModelFolder(folder, tiny.family, "").open()


@pytest.fixture
def model(shared: VideoFamily) -> VideoFamily:
    """A copy that a test may change."""
    return copy.deepcopy(shared)


@pytest.fixture(scope="module")
def stock(tiny: Tiny, folder: Path, shared: VideoFamily) -> object:
    """What diffusers makes of the same folder; only where the pipeline's class is ours, with our help."""
    pipeline = type(shared.to_pipeline()).from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    tiny.prepare(pipeline)
    return pipeline


def noise_like(model: VideoFamily, count: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, *model.latent_shape, generator=generator)


def predict(model: VideoFamily, seed: int = 0) -> torch.Tensor:
    """One prediction for fixed inputs."""
    noisy = noise_like(model, len(PROMPTS), seed)
    timesteps = model.timesteps(torch.Generator().manual_seed(seed), len(PROMPTS))
    with torch.no_grad():
        return model.predict(model.denoiser, noisy, timesteps, model.encode(PROMPTS))


def prune(model: VideoFamily, names: list[str], granularity: str) -> None:
    """Remove units and put it on record."""
    before, flops = count(model), model.flops()
    model.remove(names, granularity)
    stage = PrunedStage(
        len(model.record.stages) + 1, tuple(names), before, count(model), flops, model.flops()
    )
    model.record = PruningRecord("teacher", "apache-2.0", (*model.record.stages, stage))


def count(model: VideoFamily) -> int:
    return sum(unit.parameters for unit in model.units("module"))


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield path.relative_to(folder).as_posix(), path.read_bytes()


def removable(model: VideoFamily, granularity: str) -> list[str]:
    return [unit.name for unit in model.units(granularity) if unit.removable]


def test_every_family_has_a_tiny_model() -> None:
    assert {tiny.family for tiny in TINY.values()} == set(FAMILIES)


def test_is_registered_under_its_own_name_and_pipeline_class(shared: VideoFamily) -> None:
    assert family_named(shared.name) is type(shared)
    assert family_of_class(shared.pipeline_class) is type(shared)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_units_tile_the_prunable_parameters(shared: VideoFamily, granularity: str) -> None:
    units = shared.units(granularity)
    paths = [path for unit in units for path in unit.paths]
    owners = {
        name: [path for path in paths if name.startswith(f"{path}.")]
        for name, _ in shared.denoiser.named_parameters()
    }
    prunable = {name for name, owner in owners.items() if owner}
    assert len({unit.name for unit in units}) == len(units)
    assert all(len(owner) <= 1 for owner in owners.values())
    assert prunable <= set(shared.trainable())
    assert sum(unit.parameters for unit in units) == sum(
        shared.trainable()[name].numel() for name in prunable
    )


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_removing_nothing_changes_nothing(model: VideoFamily, granularity: str) -> None:
    before, units, flops = predict(model), model.units(granularity), model.flops()
    model.remove([], granularity)
    assert torch.equal(predict(model), before)
    assert model.units(granularity) == units
    assert model.flops() == flops


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_removing_any_unit_keeps_shapes_and_changes_the_output(shared: VideoFamily, granularity: str) -> None:
    whole = predict(shared)
    units = shared.units(granularity)
    assert any(unit.removable for unit in units)
    for unit in units:
        if not unit.removable:
            continue
        model = copy.deepcopy(shared)
        model.remove([unit.name], granularity)
        pruned = predict(model)
        assert pruned.shape == whole.shape
        assert torch.isfinite(pruned).all()
        assert (pruned - whole).abs().max() > 1e-3, unit.name
        left = [(other.name, other.parameters) for other in units if other != unit]
        assert [(other.name, other.parameters) for other in model.units(granularity)] == left
        assert shared.flops() - model.flops() == shared.flops_of(unit) > 0


def features(model: VideoFamily, names: Collection[str]) -> dict[str, torch.Tensor]:
    with captured(model, names) as found:
        predict(model)
    return found


def test_places_of_features_keep_their_names_when_units_go(model: VideoFamily) -> None:
    """Before a removed unit, teacher and student make the same; from there on they do not."""
    places = list(model.feature_paths())
    whole = features(model, places)
    assert list(whole) == places, "each place is called once, in this order"
    unit = [unit for unit in model.units("block") if unit.removable][1]
    model.remove([unit.name], "block")
    left = list(model.feature_paths())
    assert left in (places, [name for name in places if name != unit.name])
    pruned = features(model, places)
    assert list(pruned) == left
    assert all(pruned[name].shape == whole[name].shape for name in left)
    changed = [name for name in left if not torch.equal(pruned[name], whole[name])]
    first = unit.name if unit.name in left else places[places.index(unit.name) + 1]
    assert left.index(first) > 0
    others = [name for name in left if name.startswith("transformer_2.")]  # Wan 2.2's, for other timesteps
    assert changed == [name for name in left[left.index(first) :] if name not in others]


def test_rows_of_features_are_in_the_order_of_their_clips(shared: VideoFamily) -> None:
    """So the first half of them is the winners', as the teacher makes it of winners alone."""
    noisy, names = noise_like(shared, 2, 0), shared.feature_paths()
    timesteps = shared.timesteps(torch.Generator().manual_seed(0), 1).repeat(2)
    words = shared.encode(PROMPTS)
    alone = winners_features(shared, NoisyPairs(noisy, noisy, timesteps), words, names)
    with torch.no_grad(), captured(shared, names) as both:
        shared.predict(shared.denoiser, noisy, timesteps, words)
    for name, feature in of_winners(both).items():
        torch.testing.assert_close(alone[name], feature, rtol=1e-4, atol=1e-4)
    assert alone.keys() == both.keys() != set()


def test_runs_without_any_removable_unit(model: VideoFamily) -> None:
    model.remove(removable(model, "block"), "block")
    assert not removable(model, "block")
    assert torch.isfinite(predict(model)).all()


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_unknown_and_removed_units_are_refused(model: VideoFamily, granularity: str) -> None:
    first = removable(model, granularity)[0]
    with pytest.raises(ValueError, match="nonsense"):
        model.remove([first, "nonsense"], granularity)
    assert removable(model, granularity)[0] == first
    model.remove([first], granularity)
    with pytest.raises(ValueError, match=first):
        model.remove([first], granularity)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_units_that_must_stay_say_why_and_are_refused(model: VideoFamily, granularity: str) -> None:
    before = model.units(granularity)
    for unit in before:
        assert unit.removable == (unit.reason == "")
        if not unit.removable:
            with pytest.raises(ValueError, match=f"{unit.name}.*{unit.reason}"):
                model.remove([removable(model, granularity)[0], unit.name], granularity)
    assert model.units(granularity) == before


def test_opens_frozen_in_eval_mode_and_float32(shared: VideoFamily) -> None:
    assert all(value.dtype == torch.float32 for value in shared.denoiser.parameters())
    assert not any(value.requires_grad for value in shared.denoiser.parameters())
    assert not any(module.training for module in shared.denoiser.modules())


def test_outlines_on_the_meta_device_from_configurations_alone(
    shared: VideoFamily, folder: Path, tmp_path: Path
) -> None:
    outline = shutil.copytree(folder, tmp_path / "outline", ignore=shutil.ignore_patterns("*.safetensors"))
    model = family_named(shared.name).open(outline, "meta")
    assert model.units("block") == shared.units("block")
    assert model.flops() == shared.flops()
    assert (model.latent_shape, model.frame_shape) == (shared.latent_shape, shared.frame_shape)
    assert all(value.is_meta for value in model.denoiser.parameters())
    noisy, timesteps = torch.zeros(1, *model.latent_shape, device="meta"), torch.zeros(1, device="meta")
    words = model.encode(PROMPTS[:1])
    for value in model.trainable().values():
        value.requires_grad_()
    for gradients in (False, True):

        def call(gradients: bool = gradients) -> None:
            with torch.set_grad_enabled(gradients):
                predicted = model.predict(model.denoiser, noisy, timesteps, words)
            assert predicted.shape == noisy.shape
            if gradients:
                predicted.square().mean().backward()

        assert cost_of(call).flops >= model.flops() // len(denoisers_of(model.to_pipeline()))


def test_frames_are_as_many_and_as_large_as_it_says(shared: VideoFamily) -> None:
    assert shared.decode(noise_like(shared, 1, 0)).shape == (1, *shared.frame_shape)


def test_training_lowers_the_loss_and_changes_trainable_parameters_only(model: VideoFamily) -> None:
    before = {name: value.clone() for name, value in model.denoiser.state_dict().items()}
    parameters = model.trainable()
    for value in parameters.values():
        value.requires_grad_()
    clean, noise = noise_like(model, 2, 1), noise_like(model, 2, 2)
    timesteps = model.timesteps(torch.Generator().manual_seed(0), 2)
    noisy, target = model.add_noise(clean, noise, timesteps), model.target(clean, noise, timesteps)
    conditioning = model.encode(PROMPTS)
    optimizer = torch.optim.AdamW(parameters.values(), lr=1e-3)
    losses = []
    for _ in range(4):
        loss = functional.mse_loss(model.predict(model.denoiser, noisy, timesteps, conditioning), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    after = model.denoiser.state_dict()
    assert {name for name in before if not torch.equal(before[name], after[name])} == set(parameters)
    touched = {name for name, value in model.denoiser.named_parameters() if value.grad is not None}
    assert touched == set(parameters)


def test_a_pruned_and_trained_model_survives_saving_bit_for_bit(model: VideoFamily, tmp_path: Path) -> None:
    prune(model, removable(model, "module")[1:2], "module")
    prune(model, removable(model, "block")[:1], "block")
    with torch.no_grad():
        for value in model.trainable().values():
            value.add_(0.01)
    model.save(tmp_path / "student")
    opened = family_named(model.name).open(tmp_path / "student")
    assert opened.record == model.record
    assert opened.units("module") == model.units("module")
    assert opened.flops() == model.flops()
    assert torch.equal(predict(opened), predict(model))
    noise, sampler = noise_like(model, 2, 3), Sampler(2, 3.0)
    latents = model.sample(model.encode(PROMPTS), noise, sampler)
    assert torch.equal(opened.sample(opened.encode(PROMPTS), noise, sampler), latents)
    assert np.array_equal(opened.decode(latents), model.decode(latents))


def test_the_same_model_gives_the_same_bytes_wherever_it_is_saved(model: VideoFamily, tmp_path: Path) -> None:
    prune(model, removable(model, "module")[:1], "module")
    model.save(tmp_path / "here")
    model.save(tmp_path / "there")
    family_named(model.name).open(tmp_path / "here").save(tmp_path / "again")
    here = dict(files_of(tmp_path / "here"))
    assert dict(files_of(tmp_path / "there")) == here
    assert dict(files_of(tmp_path / "again")) == here
    assert {Path(name).suffix for name in here} <= {".json", ".safetensors", ".txt", ".model"}
    assert not any(str(tmp_path).encode() in content for content in here.values())


def test_load_pipeline_gives_a_diffusers_pipeline_with_the_pruned_denoiser(
    model: VideoFamily, tiny: Tiny, tmp_path: Path
) -> None:
    prune(model, removable(model, "block")[:1], "block")
    model.save(tmp_path / "student")
    pipeline = vip.load_pipeline(tmp_path / "student")
    pipeline.set_progress_bar_config(disable=True)
    noise = noise_like(model, 2, 4)
    expected = model.sample(model.encode(PROMPTS), noise, Sampler(2, 3.0))
    assert type(pipeline).__name__ == model.pipeline_class
    assert torch.equal(stock_latents(pipeline, model, tiny, noise, Sampler(2, 3.0)), expected)


def call_stock(
    pipeline: object, model: VideoFamily, tiny: Tiny, noise: torch.Tensor, sampler: Sampler, **named: object
) -> object:
    """What a stock pipeline makes for PROMPTS."""
    frames, height, width, _ = model.frame_shape
    return pipeline(
        PROMPTS,
        latents=tiny.pack(noise),
        height=height,
        width=width,
        num_inference_steps=sampler.steps,
        guidance_scale=sampler.guidance_scale,
        generator=step_generators(tiny.pack(noise)),
        **{tiny.frames: frames},
        **tiny.named,
        **named,
    ).frames


def stock_latents(
    pipeline: object, model: VideoFamily, tiny: Tiny, noise: torch.Tensor, sampler: Sampler, **named: object
) -> torch.Tensor:
    """The latents of a stock pipeline called for PROMPTS, in our layout."""
    latents = call_stock(pipeline, model, tiny, noise, sampler, output_type="latent", **named)
    return tiny.unpack(latents, model.latent_shape)


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
def test_sample_equals_the_stock_pipeline(
    shared: VideoFamily, tiny: Tiny, stock: object, guidance_scale: float
) -> None:
    noise, sampler = noise_like(shared, 2, 5), Sampler(3, guidance_scale)
    latents = shared.sample(shared.encode(PROMPTS), noise, sampler)
    expected = stock_latents(stock, shared, tiny, noise, sampler)
    torch.testing.assert_close(latents, expected, rtol=0, atol=1e-5)
    assert latents.shape == noise.shape
    assert not latents.is_inference()
    assert torch.equal(shared.sample(shared.encode(PROMPTS), noise, sampler), latents)


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
def test_guidance_takes_as_many_calls_as_it_says(
    shared: VideoFamily,
    tiny: Tiny,
    stock: object,
    guidance_scale: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps, samples = 2, []
    for denoiser in denoisers_of(stock):

        def count_samples(*args: object, forward: object = denoiser.forward, **named: object) -> object:
            samples.append(len(arguments_of(forward, args, named)[0]))
            return forward(*args, **named)

        monkeypatch.setattr(denoiser, "forward", count_samples)
    stock_latents(stock, shared, tiny, noise_like(shared, 2, 5), Sampler(steps, guidance_scale))
    calls = shared.calls_with_guidance if guidance_scale > 1 else 1
    assert sum(samples) == calls * steps * len(PROMPTS)


def test_decode_equals_the_stock_pipeline(shared: VideoFamily, tiny: Tiny, stock: object) -> None:
    noise, sampler = noise_like(shared, 2, 6), Sampler(2, 1.0)
    video = call_stock(stock, shared, tiny, noise, sampler, output_type="np")
    frames = shared.decode(shared.sample(shared.encode(PROMPTS), noise, sampler))
    assert frames.dtype == np.uint8
    assert frames.shape == np.asarray(video).shape
    assert np.abs(frames - (np.asarray(video) * 255).round()).max() <= 1
    assert np.mean(frames != (np.asarray(video) * 255).round()) < 0.001


def denoisers_of(stock: object) -> list[torch.nn.Module]:
    return [
        stock.components[name]
        for name in ("unet", "transformer", "transformer_2")
        if stock.components.get(name) is not None
    ]


def arguments_of(forward: object, args: tuple[object, ...], named: dict[str, object]) -> list[torch.Tensor]:
    """The noisy latents and the timestep of a denoiser call."""
    bound = inspect.signature(forward).bind(*args, **named).arguments
    return [bound[next(name for name in ("sample", "hidden_states") if name in bound)], bound["timestep"]]


def per_clip(timestep: torch.Tensor) -> torch.Tensor:
    """A call's one timestep, for each of two clips."""
    return timestep.flatten()[:1].expand(2)


def test_predict_equals_the_stock_denoiser_as_the_stock_pipeline_calls_it(
    shared: VideoFamily, tiny: Tiny, stock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    for denoiser in denoisers_of(stock):

        def spy(*args: object, forward: object = denoiser.forward, **named: object) -> object:
            output = forward(*args, **named)
            calls.append((*arguments_of(forward, args, named), output[0]))
            return output

        monkeypatch.setattr(denoiser, "forward", spy)
    stock_latents(stock, shared, tiny, noise_like(shared, 2, 7), Sampler(3, tiny.unguided))
    channels = shared.latent_shape[0]
    for noisy, timestep, output in calls:
        ours = tiny.unpack(noisy, shared.latent_shape).clone()
        predicted = shared.predict(shared.denoiser, ours, per_clip(timestep).clone(), shared.encode(PROMPTS))
        expected = tiny.unpack(output, shared.latent_shape)[:, :channels]
        torch.testing.assert_close(predicted, expected, rtol=0, atol=1e-5)
    assert len(calls) == 3


def test_add_noise_and_target_agree_with_the_sampler(
    shared: VideoFamily, tiny: Tiny, stock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A denoiser that knows the true target keeps the stock sampler on the path from noise to clip."""
    from diffusers.models.modeling_outputs import Transformer2DModelOutput

    if tiny.levels is None:
        pytest.skip("this scheduler adds noise, or steps past its own timesteps")
    clean, noise = noise_like(shared, 2, 8), noise_like(shared, 2, 9)
    for denoiser in denoisers_of(stock):

        def know(*args: object, forward: object = denoiser.forward, **named: object) -> object:
            _, timestep = arguments_of(forward, args, named)
            answer = tiny.answer(shared.target(clean, noise, per_clip(timestep)))
            return Transformer2DModelOutput(sample=tiny.pack(answer))

        monkeypatch.setattr(denoiser, "forward", know)
    path: list[torch.Tensor] = []

    def note(_pipeline: object, _step: int, _timestep: object, state: dict[str, torch.Tensor]) -> dict:
        path.append(tiny.unpack(state["latents"], shared.latent_shape))
        return {}

    stock_latents(stock, shared, tiny, noise, Sampler(5, 1.0))
    levels = tiny.levels(stock.scheduler).clone()
    start = shared.add_noise(clean, noise, levels[0].expand(2))
    end = stock_latents(stock, shared, tiny, start, Sampler(5, 1.0), callback_on_step_end=note)
    for latents, level in zip(path[:-1], levels[1:], strict=True):
        expected = shared.add_noise(clean, noise, level.expand(2))
        torch.testing.assert_close(latents, expected, rtol=0, atol=2e-5)
    torch.testing.assert_close(end, clean, rtol=0, atol=2e-5)


@pytest.mark.parametrize(
    "name", ["animatediff", "modelscope", "videocrafter2", "cogvideox", "latte", "allegro_ddim"]
)
def test_the_sampler_finds_the_clip_behind_noise_and_target(
    name: str, tiny_folder_of: Callable[[str], Path]
) -> None:
    """DDIM says at each step which clip it takes to be behind x_t, whether its steps end there or not."""
    model = family_named(TINY[name].family).open(tiny_folder_of(name))
    scheduler = copy.deepcopy(model.scheduler)
    scheduler.set_timesteps(5)
    clean, noise = noise_like(model, 2, 8), noise_like(model, 2, 9)
    for timestep in scheduler.timesteps[1:]:
        at = timestep.expand(2)
        noisy, target = model.add_noise(clean, noise, at), model.target(clean, noise, at)
        found = scheduler.step(target, timestep, noisy).pred_original_sample
        torch.testing.assert_close(found, clean, rtol=0, atol=1e-4)


def test_timesteps_depend_on_the_generator_and_cover_the_schedule(shared: VideoFamily) -> None:
    drawn = shared.timesteps(torch.Generator().manual_seed(0), 5000)
    assert drawn.shape == (5000,)
    assert torch.equal(drawn, shared.timesteps(torch.Generator().manual_seed(0), 5000))
    assert drawn.min() >= 0
    assert torch.isfinite(
        shared.add_noise(torch.zeros(5000, 1, 1, 1, 1), torch.ones(5000, 1, 1, 1, 1), drawn)
    ).all()
    assert len(drawn.unique()) > 900


def test_encodes_each_prompt_for_itself(shared: VideoFamily) -> None:
    both, second = shared.encode(PROMPTS), shared.encode(PROMPTS[1:])
    for name, values in both.items():
        assert len(values) == 2
        torch.testing.assert_close(values[1:], second[name], rtol=0, atol=1e-5)
    assert any(not torch.equal(values[0], values[1]) for values in both.values())
