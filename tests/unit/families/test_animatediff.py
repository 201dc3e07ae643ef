"""AnimateDiff: the counts of the real size, the folders it opens and those it refuses."""

import copy
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from vip.errors import UserError
from vip.families.animatediff import AnimateDiff
from vip.families.motion_modules import (
    all_paths,
    block_of,
    module_of,
    motion_flops,
    paths_of_units,
    remaining_paths,
)
from vip.pruning.surgery import remove_modules
from vip.types import PrunedStage, PruningRecord, Sampler

PROMPTS = ["a red circle moves left", "a green triangle grows"]


@pytest.fixture(scope="module")
def opened(tiny_teacher: Path) -> AnimateDiff:
    return AnimateDiff.open(tiny_teacher)


@pytest.fixture
def pruned(opened: AnimateDiff) -> AnimateDiff:
    """Two of eleven motion modules gone, and on record."""
    model = copy.deepcopy(opened)
    model.remove(["up_blocks.1.motion_modules.0", "mid_block.motion_modules.0"], "module")
    model.record = record_of(model, ["up_blocks.1.motion_modules.0", "mid_block.motion_modules.0"])
    return model


@pytest.fixture
def copied(tiny_teacher: Path, tmp_path: Path) -> Path:
    """A teacher's folder that a test may damage."""
    shutil.copytree(tiny_teacher, tmp_path / "copied")
    return tmp_path / "copied"


def record_of(model: AnimateDiff, removed: list[str]) -> PruningRecord:
    parameters = sum(unit.parameters for unit in model.units("module"))
    stage = PrunedStage(1, tuple(removed), parameters + 1, parameters, model.flops() + 1, model.flops())
    return PruningRecord("teacher", "apache-2.0", (stage,))


def edit_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def edit_weights(component: Path, drop: str = "", add: str = "") -> None:
    path = component / "diffusion_pytorch_model.safetensors"
    tensors = {name: value for name, value in load_file(path).items() if not drop or drop not in name}
    save_file(tensors | ({add: torch.zeros(1)} if add else {}), path, metadata={"format": "pt"})


def sampled(model: AnimateDiff) -> torch.Tensor:
    noise = torch.randn(2, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    return model.sample(model.encode(PROMPTS), noise, Sampler(2, 3.0))


def test_counts_of_the_real_size_are_those_of_the_paper() -> None:
    """Table 1: motion modules 0.453 B -> 0.309 B -> 0.219 B -> 0.147 B, 4.9 -> 3.3 TFLOPs."""
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    with torch.device("meta"):
        spatial = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
        denoiser = UNetMotionModel.from_unet2d(spatial, MotionAdapter(), load_weights=False)
    modules = all_paths(denoiser)
    counts, flops = [], []
    for blocks in ([], ["mid_block", "up_blocks.0"], ["down_blocks.1", "down_blocks.2"], ["down_blocks.3"]):
        remove_modules(denoiser, paths_of_units(blocks, modules))
        counts.append(sum(value.numel() for name, value in denoiser.named_parameters() if module_of(name)))
        flops.append(motion_flops(denoiser, (4, 16, 64, 64), remaining_paths(denoiser)))
    assert len(modules) == 21
    assert counts == [453_209_280, 308_922_560, 218_729_920, 146_586_560]
    assert (flops[0], flops[-1]) == (4_896_598_261_760, 3_267_530_588_160)


def test_flops_are_those_that_torch_counts(pruned: AnimateDiff) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    noisy = torch.zeros(1, *pruned.latent_shape)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        pruned.predict(pruned.denoiser, noisy, torch.zeros(1), pruned.encode(PROMPTS[:1]))
    counts = counter.get_flop_counts()
    assert pruned.flops() == sum(
        sum(counts[f"UNetMotionModel.{path}"].values())
        for unit in pruned.units("module")
        for path in unit.paths
    )


def test_units_stand_in_network_order(opened: AnimateDiff) -> None:
    blocks = ["down_blocks.0", "down_blocks.1", "mid_block", "up_blocks.0", "up_blocks.1"]
    assert [unit.name for unit in opened.units("block")] == blocks
    modules = [unit.name for unit in opened.units("module")]
    assert len(modules) == 11
    assert sorted(modules, key=lambda path: blocks.index(block_of(path))) == modules


def test_latents_are_eight_frames_of_eight_by_eight(opened: AnimateDiff) -> None:
    assert opened.latent_shape == (4, 8, 8, 8)


def test_an_unpruned_teacher_has_an_empty_record_and_its_card_s_licence(copied: Path) -> None:
    assert AnimateDiff.open(copied).record == PruningRecord("", "unknown")
    (copied / "README.md").write_text("---\ntags: [video]\nlicense: apache-2.0\n---\n# Model\n")
    assert AnimateDiff.open(copied).record == PruningRecord("", "apache-2.0")
    (copied / "README.md").write_text("---\nlicense: other\nlicense_name: rail-m\n---\nlicense: mit\n")
    assert AnimateDiff.open(copied).record == PruningRecord("", "rail-m")


def test_a_student_keeps_the_spatial_bytes_and_the_licence_text(pruned: AnimateDiff, copied: Path) -> None:
    texts = ("LICENSE", "License.txt", "model.license.txt", "Notice")
    for name in texts:
        (copied / name).write_text(f"the {name}")
    pruned.folder = copied
    student = copied.parent / "student"
    pruned.save(student)
    for kept in (*texts, "unet/diffusion_pytorch_model.safetensors", "motion_adapter/config.json"):
        assert (student / kept).read_bytes() == (copied / kept).read_bytes()
    stored = load_file(student / "motion_adapter" / "diffusion_pytorch_model.safetensors")
    assert not any(key.startswith(("mid_block", "up_blocks.1.motion_modules.0")) for key in stored)


def test_a_record_of_whole_blocks_names_what_is_left_of_them(opened: AnimateDiff, tmp_path: Path) -> None:
    model = copy.deepcopy(opened)
    model.remove(["up_blocks.0.motion_modules.1"], "module")
    model.remove(["up_blocks.0"], "block")
    model.record = record_of(model, ["up_blocks.0.motion_modules.1", "up_blocks.0"])
    model.save(tmp_path / "student")
    assert AnimateDiff.open(tmp_path / "student").units("module") == model.units("module")


def test_a_model_whose_record_is_out_of_date_is_not_saved(pruned: AnimateDiff, tmp_path: Path) -> None:
    pruned.remove(["down_blocks.0"], "block")
    with pytest.raises(AssertionError, match="does not list"):
        pruned.save(tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_opens_what_the_stock_pipeline_saves(opened: AnimateDiff, tmp_path: Path) -> None:
    """There, unet/ holds a UNetMotionModel; a student saved from it is a stock folder again."""
    from diffusers import AnimateDiffPipeline

    stock = AnimateDiffPipeline.from_pretrained(opened.folder)
    stock.save_pretrained(tmp_path / "stock")
    assert json.loads((tmp_path / "stock/unet/config.json").read_text())["_class_name"] == "UNetMotionModel"
    model = AnimateDiff.open(tmp_path / "stock")
    assert torch.equal(sampled(model), sampled(opened))
    model.save(tmp_path / "student")
    again = AnimateDiff.open(tmp_path / "student")
    assert torch.equal(sampled(again), sampled(opened))
    expected = {key: value for key, value in stock.unet.config.items() if not key.startswith("_")}
    unet = AnimateDiffPipeline.from_pretrained(tmp_path / "student").unet
    assert {key: value for key, value in unet.config.items() if not key.startswith("_")} == expected


def test_half_precision_folders_open_as_float32(copied: Path, opened: AnimateDiff) -> None:
    for component in ("unet", "motion_adapter"):
        path = copied / component / "diffusion_pytorch_model.safetensors"
        halved = {name: value.half() for name, value in load_file(path).items()}
        save_file(halved, path.with_suffix(".fp16.safetensors"), metadata={"format": "pt"})
        path.unlink()
    model = AnimateDiff.open(copied)
    weights, full = model.denoiser.state_dict(), opened.denoiser.state_dict()
    assert all(torch.equal(weights[name], full[name].half().float()) for name in full)


def test_velocity_is_the_target_where_the_scheduler_says_so(copied: Path) -> None:
    edit_json(copied / "scheduler" / "scheduler_config.json", prediction_type="v_prediction")
    model = AnimateDiff.open(copied)
    clean, noise = torch.full((1, 4, 8, 8, 8), 3.0), torch.full((1, 4, 8, 8, 8), 2.0)
    alpha = model.scheduler.alphas_cumprod[500]
    expected = alpha.sqrt() * noise - (1 - alpha).sqrt() * clean
    torch.testing.assert_close(model.target(clean, noise, torch.tensor([500])), expected)


def test_add_noise_and_target_agree_with_the_sampler(opened: AnimateDiff) -> None:
    """One exact DDIM step from x_t with the true target lands on x_s of the same noise."""
    generator = torch.Generator().manual_seed(8)
    clean, noise = torch.randn(2, 2, *opened.latent_shape, generator=generator)
    scheduler = opened.to_pipeline().scheduler
    scheduler.set_timesteps(10)
    now, then = scheduler.timesteps[4], scheduler.timesteps[4] - scheduler.config.num_train_timesteps // 10
    stepped = scheduler.step(
        opened.target(clean, noise, now.expand(2)), now, opened.add_noise(clean, noise, now.expand(2))
    ).prev_sample
    torch.testing.assert_close(stepped, opened.add_noise(clean, noise, then.expand(2)), rtol=0, atol=1e-5)


def test_trains_contiguous_in_memory_with_a_frozen_spatial_network(opened: AnimateDiff) -> None:
    """With channels_last the backward pass crashes torch 2.13 on the CPU: predict makes input contiguous."""
    model = copy.deepcopy(opened)
    for value in model.trainable().values():
        value.requires_grad_()
    noisy = torch.randn(2, *model.latent_shape).to(memory_format=torch.channels_last_3d)
    model.predict(
        model.denoiser, noisy, torch.tensor([1, 2]), model.encode(PROMPTS)
    ).square().mean().backward()
    assert all(
        value.grad is not None and torch.isfinite(value.grad).all() for value in model.trainable().values()
    )
    assert all(value.is_contiguous() for value in model.denoiser.parameters())


def test_opening_shows_no_progress_bar_and_leaves_the_setting_as_it_was(
    tiny_teacher: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    AnimateDiff.open(tiny_teacher)
    assert capfd.readouterr().err == ""
    assert logging.is_progress_bar_enabled() == shown


def test_weights_without_a_record_of_what_is_missing_are_refused(copied: Path) -> None:
    edit_weights(copied / "motion_adapter", drop="mid_block.")
    with pytest.raises(
        UserError, match=r"hold 10 prunable modules, .* leaves 11 of 11 \(mid_block.* is missing\)"
    ):
        AnimateDiff.open(copied)


def test_a_record_that_disagrees_with_the_weights_is_refused(pruned: AnimateDiff, tmp_path: Path) -> None:
    pruned.save(tmp_path / "student")
    shutil.copyfile(
        pruned.folder / "motion_adapter" / "diffusion_pytorch_model.safetensors",
        tmp_path / "student" / "motion_adapter" / "diffusion_pytorch_model.safetensors",
    )
    with pytest.raises(
        UserError, match=r"hold 11 prunable modules, .* leaves 9 of 11 \(.* should be gone"
    ) as raised:
        AnimateDiff.open(tmp_path / "student")
    assert "\n" not in str(raised.value)


def test_a_record_of_another_model_is_refused(pruned: AnimateDiff, tmp_path: Path) -> None:
    pruned.record = replace(pruned.record, stages=(replace(pruned.record.stages[0], parameters_after=7),))
    pruned.save(tmp_path / "student")
    with pytest.raises(UserError, match="weights have 550,080 prunable parameters, .* says 7;"):
        AnimateDiff.open(tmp_path / "student")


@pytest.mark.parametrize(
    ("component", "change", "complaint"),
    [
        ("unet", {"drop": "conv_out.bias"}, r"1 do not fit \(first conv_out.bias\)"),
        ("unet", {"add": "extra.weight"}, r"1 do not fit \(first extra.weight\)"),
        (
            "motion_adapter",
            {"drop": "mid_block.motion_modules.0.proj_in.bias"},
            r"1 do not fit \(first mid_block",
        ),
        ("vae", {"drop": "decoder.conv_in"}, r"vae: 2 of \d+ tensors are missing \(first decoder.conv_in"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    copied: Path, component: str, change: dict[str, str], complaint: str
) -> None:
    edit_weights(copied / component, **change)
    with pytest.raises(UserError, match=complaint):
        AnimateDiff.open(copied)


@pytest.mark.parametrize(
    ("file", "change", "complaint"),
    [
        ("model_index.json", {"_class_name": "WanPipeline"}, "names WanPipeline, not AnimateDiffPipeline"),
        ("scheduler/scheduler_config.json", {"_class_name": "PNDMScheduler"}, "names PNDMScheduler"),
        ("scheduler/scheduler_config.json", {"prediction_type": "sample"}, "prediction_type 'sample'"),
        ("motion_adapter/config.json", {"motion_layers_per_block": 1}, "do not fit each other"),
        (
            "motion_adapter/config.json",
            {"use_motion_mid_block": False},
            "mid_block.* should be gone",
        ),
    ],
)
def test_folders_of_another_kind_are_refused(
    copied: Path, file: str, change: dict[str, object], complaint: str
) -> None:
    edit_json(copied / file, **change)
    with pytest.raises(UserError, match=complaint) as raised:
        AnimateDiff.open(copied)
    assert "\n" not in str(raised.value)
