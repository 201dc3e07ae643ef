"""What ModelScope and VideoCrafter2 share: surgery, counts, and folders that disagree with their record."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vip.errors import UserError
from vip.families.registry import family_named
from vip.families.unet3d import UNet3DFamily
from vip.types import PrunedStage, PruningRecord

REMOVED = ["input_blocks.1", "middle_block", "output_blocks.1"]


@pytest.fixture(scope="module", params=["modelscope", "videocrafter"])
def opened(request: pytest.FixtureRequest) -> UNet3DFamily:
    name = {"videocrafter": "videocrafter2"}.get(request.param, request.param)
    return family_named(name).open(request.getfixturevalue(f"tiny_{request.param}"))


@pytest.fixture
def pruned(opened: UNet3DFamily) -> UNet3DFamily:
    """Three units gone, and on record."""
    model = copy.deepcopy(opened)
    model.remove(REMOVED, "module")
    model.record = record_of(model, REMOVED)
    return model


def record_of(model: UNet3DFamily, removed: list[str]) -> PruningRecord:
    parameters = sum(unit.parameters for unit in model.units("module"))
    stage = PrunedStage(1, tuple(removed), parameters + 1, parameters, model.flops() + 1, model.flops())
    return PruningRecord("teacher", "apache-2.0", (stage,))


def edit_weights(folder: Path, drop: str = "", add: str = "") -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = {name: value for name, value in load_file(path).items() if not drop or drop not in name}
    save_file(tensors | ({add: torch.zeros(1)} if add else {}), path, metadata={"format": "pt"})


def predict(model: UNet3DFamily, seed: int = 0) -> torch.Tensor:
    noisy = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return model.predict(model.denoiser, noisy, torch.tensor([500]), model.encode(["a red circle"]))


@pytest.mark.parametrize("removed", [[], REMOVED])
@pytest.mark.parametrize("side", [8, 6])
def test_flops_are_those_that_torch_counts(opened: UNet3DFamily, removed: list[str], side: int) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    model = copy.deepcopy(opened)
    model.remove(removed, "module")
    model.latent_shape = (*model.latent_shape[:2], 8, side)
    conditioning = model.encode(["a red circle"])
    noisy = torch.zeros(1, *model.latent_shape)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        model.predict(model.denoiser, noisy, torch.zeros(1), conditioning)
    assert model.flops() == counter.get_total_flops()


def test_a_removed_output_block_keeps_its_features_and_drops_its_skip(opened: UNet3DFamily) -> None:
    model = copy.deepcopy(opened)
    model.remove(["output_blocks.1"], "module")
    features, skip = torch.randn(2, 64, 2, 2), torch.randn(2, 32, 2, 2)
    kept = model.denoiser.up_blocks[0].resnets[1](torch.cat([features, skip], dim=1), None)
    assert torch.equal(kept, features)


def test_a_removed_unit_is_out_of_the_computation(pruned: UNet3DFamily) -> None:
    """Its weights are gone, and no hook of what stands there sees anything but its own input."""
    names = {name for name, _ in pruned.denoiser.named_parameters()}
    assert not any(name.startswith(("mid_block.", "down_blocks.0.resnets.0.")) for name in names)
    outputs = []
    pruned.denoiser.mid_block.register_forward_hook(
        lambda _module, inputs, output: outputs.append((inputs[0], output))
    )
    predict(pruned)
    assert torch.equal(*outputs[0])


def test_block_and_module_names_lead_to_the_same_model(opened: UNet3DFamily) -> None:
    one, other = copy.deepcopy(opened), copy.deepcopy(opened)
    one.remove(["up_blocks.0"], "block")
    other.remove(["output_blocks.0", "output_blocks.1"], "module")
    assert torch.equal(predict(one), predict(other))


def test_records_of_both_granularities_are_read(opened: UNet3DFamily, tmp_path: Path) -> None:
    model = copy.deepcopy(opened)
    model.remove(["output_blocks.4"], "module")
    model.remove(["up_blocks.2"], "block")
    model.record = record_of(model, ["output_blocks.4", "up_blocks.2"])
    model.save(tmp_path / "student")
    assert type(model).open(tmp_path / "student").units("block") == model.units("block")


def test_a_student_keeps_what_is_around_the_denoiser(pruned: UNet3DFamily, tmp_path: Path) -> None:
    source = tmp_path / "teacher"
    shutil.copytree(pruned.folder, source)
    (source / "LICENSE").write_text("the licence")
    pruned.folder = source
    pruned.save(tmp_path / "student")
    same = ("LICENSE", "model_index.json", "unet/config.json", "scheduler/scheduler_config.json")
    for name in (*same, "vae/diffusion_pytorch_model.safetensors"):
        assert (tmp_path / "student" / name).read_bytes() == (source / name).read_bytes()


def test_a_model_whose_record_is_out_of_date_is_not_saved(pruned: UNet3DFamily, tmp_path: Path) -> None:
    pruned.remove(["output_blocks.0"], "module")
    with pytest.raises(AssertionError, match="does not list"):
        pruned.save(tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_weights_that_the_record_says_are_gone_are_refused(pruned: UNet3DFamily, tmp_path: Path) -> None:
    pruned.save(tmp_path / "student")
    unet = "unet/diffusion_pytorch_model.safetensors"
    shutil.copyfile(pruned.folder / unet, tmp_path / "student" / unet)
    with pytest.raises(UserError, match=r"hold 8 prunable modules, .* leaves 5 of 8 \(.* should be gone"):
        type(pruned).open(tmp_path / "student")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"drop": "mid_block."}, r"hold 7 prunable modules, .* leaves 8 of 8 \(middle_block is missing\)"),
        ({"drop": "conv_out.bias"}, r"1 do not fit \(first conv_out.bias\)"),
        ({"add": "extra.weight"}, r"1 do not fit \(first extra.weight\)"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    opened: UNet3DFamily, tmp_path: Path, change: dict[str, str], complaint: str
) -> None:
    shutil.copytree(opened.folder, tmp_path / "copied")
    edit_weights(tmp_path / "copied", **change)
    with pytest.raises(UserError, match=complaint) as raised:
        type(opened).open(tmp_path / "copied")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("parameters_after", 7, r"prunable parameters, .* says 7;"),
        ("removed", (*REMOVED, "input_blocks.5"), "input_blocks.5 was removed, which is no unit"),
    ],
)
def test_records_of_another_model_are_refused(
    pruned: UNet3DFamily, tmp_path: Path, field: str, value: object, complaint: str
) -> None:
    pruned.save(tmp_path / "student")
    stage = replace(pruned.record.stages[0], **{field: value})
    from vip.pruning.record import write_record

    write_record(replace(pruned.record, stages=(stage,)), tmp_path / "student")
    with pytest.raises(UserError, match=complaint):
        type(pruned).open(tmp_path / "student")


@pytest.mark.parametrize(
    ("file", "value", "complaint"),
    [
        ("model_index.json", "WanPipeline", "names WanPipeline, not"),
        ("unet/config.json", "UNet2DConditionModel", "unet names UNet2DConditionModel, not"),
        ("scheduler/scheduler_config.json", "PNDMScheduler", "scheduler names PNDMScheduler"),
    ],
)
def test_folders_of_another_kind_are_refused(
    opened: UNet3DFamily, tmp_path: Path, file: str, value: str, complaint: str
) -> None:
    shutil.copytree(opened.folder, tmp_path / "copied")
    path = tmp_path / "copied" / file
    path.write_text(json.dumps(json.loads(path.read_text()) | {"_class_name": value}))
    with pytest.raises(UserError, match=complaint):
        type(opened).open(tmp_path / "copied")


def test_an_outline_needs_no_weights_and_counts_alike(pruned: UNet3DFamily, tmp_path: Path) -> None:
    pruned.save(tmp_path / "student")
    for weights in (tmp_path / "student").rglob("*.safetensors"):
        weights.unlink()
    outline = type(pruned).open(tmp_path / "student", "meta")
    assert all(value.is_meta for value in outline.denoiser.parameters())
    assert outline.units("module") == pruned.units("module")
    assert (outline.flops(), outline.latent_shape) == (pruned.flops(), pruned.latent_shape)
    assert outline.frame_shape == (pruned.latent_shape[1], 32, 32, 3)


def test_what_a_call_costs_can_be_planned(opened: UNet3DFamily) -> None:
    from vip.planning.meta_run import cost_of

    outline = type(opened).open(opened.folder, "meta")
    noisy = torch.zeros(1, *outline.latent_shape, device="meta")
    timesteps, conditioning = torch.zeros(1, device="meta"), outline.encode([""])
    cost = cost_of(lambda: outline.predict(outline.denoiser, noisy, timesteps, conditioning))
    assert cost.flops == opened.flops()


def test_the_true_target_leads_the_sampler_along_the_forward_process(opened: UNet3DFamily) -> None:
    generator = torch.Generator().manual_seed(0)
    clean = torch.randn(2, *opened.latent_shape, generator=generator)
    noise = torch.randn(2, *opened.latent_shape, generator=generator)
    scheduler = opened.to_pipeline().scheduler
    scheduler.set_timesteps(10)
    for now, then in zip(scheduler.timesteps[:-1], scheduler.timesteps[1:], strict=True):
        noisy = opened.add_noise(clean, noise, now.expand(2))
        stepped = scheduler.step(opened.target(clean, noise, now.expand(2)), now, noisy).prev_sample
        expected = opened.add_noise(clean, noise, then.expand(2))
        torch.testing.assert_close(stepped, expected, rtol=0, atol=1e-5)


def test_modelscope_may_predict_velocity(tiny_modelscope: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_modelscope, tmp_path / "copied")
    path = tmp_path / "copied" / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"prediction_type": "v_prediction"}))
    model = family_named("modelscope").open(tmp_path / "copied")
    clean, noise = torch.full((1, 4, 2, 2, 2), 3.0), torch.full((1, 4, 2, 2, 2), 2.0)
    alpha = model.scheduler.alphas_cumprod[500]
    expected = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
    torch.testing.assert_close(model.target(clean, noise, torch.tensor([500])), expected)


def test_modelscope_s_pictures_may_be_wide(tiny_modelscope: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_modelscope, tmp_path / "copied")
    path = tmp_path / "copied" / "unet" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sample_size": [8, 16]}))
    assert family_named("modelscope").open(tmp_path / "copied").latent_shape == (4, 16, 8, 16)


def test_videocrafter_is_told_its_folder_s_frame_rate(tiny_videocrafter: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_videocrafter, tmp_path / "copied")
    path = tmp_path / "copied" / "model_index.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fps": 8}))
    slow = family_named("videocrafter2").open(tmp_path / "copied")
    fast = family_named("videocrafter2").open(tiny_videocrafter)
    assert (slow.fps, fast.fps) == (8, 28)
    assert (predict(slow) - predict(fast)).abs().max() > 1e-4
    assert slow.to_pipeline().config.fps == 8


def with_entries(folder: Path, target: Path, **entries: object) -> Path:
    """A copy of a model folder with these entries in its `model_index.json`."""
    shutil.copytree(folder, target)
    index = json.loads((target / "model_index.json").read_text())
    (target / "model_index.json").write_text(json.dumps(index | entries))
    return target


def test_modelscope_makes_the_clips_that_the_folder_asks_for(tiny_modelscope: Path, tmp_path: Path) -> None:
    family = family_named("modelscope")
    assert family.open(tiny_modelscope).frame_shape == (16, 32, 32, 3)
    folder = with_entries(tiny_modelscope, tmp_path / "eight", _clip={"frames": 8, "height": 48})
    model = family.open(folder)
    assert (model.latent_shape, model.frame_shape) == ((4, 8, 12, 8), (8, 48, 32, 3))


def test_clips_that_its_u_net_cannot_halve_are_refused(tiny_modelscope: Path, tmp_path: Path) -> None:
    folder = with_entries(tiny_modelscope, tmp_path / "odd", _clip={"height": 40})
    with pytest.raises(UserError, match="16 frames of 40 x 32; .* sizes divisible by 16"):
        family_named("modelscope").open(folder)
