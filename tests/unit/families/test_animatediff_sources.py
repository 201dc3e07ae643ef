"""Downloaded parts become a teacher's folder: the same model, nothing executed, nothing written over."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.malicious import Malicious

from vip.errors import UserError
from vip.families.animatediff import AnimateDiff
from vip.families.animatediff_sources import adapter_config, adapter_weights, assemble
from vip.types import Sampler

ORIGINAL_NAMES = [
    (r"motion_modules\.(\d+)\.", r"motion_modules.\1.temporal_transformer."),
    (r"attn1", "attention_blocks.0"),
    (r"attn2", "attention_blocks.1"),
    (r"norm1", "norms.0"),
    (r"norm2", "norms.1"),
    (r"norm3", "ff_norm"),
]


@pytest.fixture
def image_model(tiny_teacher: Path, tmp_path: Path) -> Path:
    """A Stable Diffusion folder as people have it, with another scheduler and an fp16 variant beside."""
    folder = tmp_path / "image_model"
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        shutil.copytree(tiny_teacher / part, folder / part)
    schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    schedule |= {"_class_name": "PNDMScheduler", "beta_schedule": "scaled_linear", "skip_prk_steps": True}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(schedule))
    (folder / "vae" / "diffusion_pytorch_model.non_ema.safetensors").write_bytes(b"not wanted")
    index = json.loads((tiny_teacher / "model_index.json").read_text())
    index |= {"_class_name": "StableDiffusionPipeline", "safety_checker": [None, None]}
    del index["motion_adapter"]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "README.md").write_text("---\nlicense: openrail\n---\n")
    return folder


@pytest.fixture
def original_adapter(tiny_teacher: Path, tmp_path: Path) -> Path:
    """The tiny motion adapter as a checkpoint file with the names of the original code."""
    tensors = load_file(tiny_teacher / "motion_adapter" / "diffusion_pytorch_model.safetensors")
    original = {f"module.{name}": tensor for name, tensor in as_published(tensors).items()}
    torch.save({"epoch": 3, "state_dict": original}, tmp_path / "mm.ckpt")
    return tmp_path / "mm.ckpt"


def as_published(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A diffusers adapter under the original code's names, which keeps positions in each attention layer."""
    original = {}
    for name, tensor in tensors.items():
        key = name
        for new, old in ORIGINAL_NAMES:
            key = re.sub(new, old, key)
        if key.endswith("pos_embed.pe"):
            block = key.removesuffix("pos_embed.pe")
            original |= {f"{block}attention_blocks.{number}.pos_encoder.pe": tensor for number in (0, 1)}
        else:
            original[key] = tensor
    return original


def sampled(folder: Path) -> torch.Tensor:
    model = AnimateDiff.open(folder)
    noise = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    return model.sample(model.encode(["a red circle moves left"]), noise, Sampler(2, 3.0))


def test_a_diffusers_adapter_gives_the_same_model(
    image_model: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    assemble(str(image_model), str(tiny_teacher / "motion_adapter"), tmp_path / "teacher")
    shutil.copytree(tiny_teacher, tmp_path / "expected")
    shutil.copytree(
        tmp_path / "teacher" / "scheduler", tmp_path / "expected" / "scheduler", dirs_exist_ok=True
    )
    assert torch.equal(sampled(tmp_path / "teacher"), sampled(tmp_path / "expected"))
    assert AnimateDiff.open(tmp_path / "teacher").record.licence == "openrail"
    assert not list((tmp_path / "teacher").rglob("*non_ema*"))


def test_stock_diffusers_loads_what_was_assembled(
    image_model: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    from diffusers import AnimateDiffPipeline

    assemble(str(image_model), str(tiny_teacher / "motion_adapter"), tmp_path / "teacher")
    pipeline = AnimateDiffPipeline.from_pretrained(tmp_path / "teacher")
    assert pipeline.scheduler.config.beta_schedule == "linear"


def test_a_denoiser_in_shards_is_copied_whole(image_model: Path, tiny_teacher: Path, tmp_path: Path) -> None:
    """Also stock diffusers finds it, which looks for the index first."""
    from diffusers import UNet2DConditionModel

    unet, adapter = image_model / "unet", str(tiny_teacher / "motion_adapter")
    assemble(str(image_model), adapter, tmp_path / "whole")
    (unet / "diffusion_pytorch_model.safetensors.index.json").write_text('{"weight_map": {"a": "gone"}}')
    assemble(str(image_model), adapter, tmp_path / "beside_an_index")
    assert not list((tmp_path / "beside_an_index" / "unet").glob("*index*"))
    spatial = UNet2DConditionModel.from_pretrained(tmp_path / "whole" / "unet")
    shutil.rmtree(unet)
    spatial.save_pretrained(unet, max_shard_size="500KB")
    assemble(str(image_model), adapter, tmp_path / "shards")
    assert len(list((tmp_path / "shards" / "unet").glob("*.safetensors"))) > 1
    assert torch.equal(sampled(tmp_path / "shards"), sampled(tmp_path / "whole"))
    stock = UNet2DConditionModel.from_pretrained(tmp_path / "shards" / "unet").state_dict()
    assert all(torch.equal(stock[name], value) for name, value in spatial.state_dict().items())


def test_the_published_checkpoint_gives_the_same_weights(
    image_model: Path, original_adapter: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    assemble(str(image_model), str(original_adapter), tmp_path / "teacher")
    expected = load_file(tiny_teacher / "motion_adapter" / "diffusion_pytorch_model.safetensors")
    found = load_file(tmp_path / "teacher" / "motion_adapter" / "diffusion_pytorch_model.safetensors")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    config = json.loads((tmp_path / "teacher" / "motion_adapter" / "config.json").read_text())
    assert config["block_out_channels"] == [32, 64]
    assert config["motion_layers_per_block"] == 2
    assert config["motion_max_seq_length"] == 8
    assert config["use_motion_mid_block"]
    assert AnimateDiff.open(tmp_path / "teacher").units("module")


@pytest.mark.parametrize(
    ("settings", "parameters"),
    [({}, 453_209_280), ({"use_motion_mid_block": False, "motion_max_seq_length": 24}, 417_137_600)],
)
def test_files_of_the_real_size_give_diffusers_adapter(settings: dict, parameters: int) -> None:
    """mm_sd_v15_v2 and the first mm_sd_v15: every tensor has its place, as in diffusers' converter."""
    from diffusers import MotionAdapter
    from diffusers.loaders.single_file_utils import convert_animatediff_checkpoint_to_diffusers

    with torch.device("meta"):
        expected = MotionAdapter(**settings)
    original = as_published(expected.state_dict())
    with torch.device("meta"):
        built = MotionAdapter.from_config(adapter_config(original))
    found = adapter_weights(original)
    assert sum(value.numel() for value in built.parameters()) == parameters
    assert {name: value.shape for name, value in found.items()} == {
        name: value.shape for name, value in built.state_dict().items()
    }
    theirs = convert_animatediff_checkpoint_to_diffusers(original)
    assert all(found[name] is value for name, value in theirs.items())
    assert all(name.endswith("pos_embed.pe") for name in set(found) - set(theirs))


def test_other_checkpoints_of_the_image_model(image_model: Path, tiny_teacher: Path, tmp_path: Path) -> None:
    """Half precision only, a tuned denoiser, no safety checker; and those that cannot be read say why."""
    adapter = str(tiny_teacher / "motion_adapter")
    weights = image_model / "unet" / "diffusion_pytorch_model.safetensors"
    tuned = {name: (1.5 * value).half() for name, value in load_file(weights).items()}
    weights.unlink()
    save_file(tuned, weights.with_suffix(".fp16.safetensors"), metadata={"format": "pt"})
    assemble(str(image_model), adapter, tmp_path / "teacher")
    opened = AnimateDiff.open(tmp_path / "teacher").denoiser.conv_in.weight
    assert opened.dtype == torch.float32
    assert torch.equal(opened, tuned["conv_in.weight"].float())
    weights.with_suffix(".fp16.safetensors").rename(weights.with_suffix(".bin"))
    with pytest.raises(UserError, match="unet holds no .* convert its weights to safetensors first"):
        assemble(str(image_model), adapter, tmp_path / "other")
    single = tmp_path / "dream.safetensors"
    save_file(tuned, single)
    with pytest.raises(UserError, match=r"dream.safetensors is a single file; .*from_single_file"):
        assemble(str(single), adapter, tmp_path / "other")


def test_of_a_name_on_the_hub_only_the_parts_are_fetched(
    image_model: Path, tiny_teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub.utils import filter_repo_objects

    files = [
        "unet/diffusion_pytorch_model.safetensors",
        "v1-5-pruned.safetensors",
        "vae/model.bin",
        "README.md",
    ]
    fetched = []

    def snapshot_download(name: str, revision: str | None, allow_patterns: list[str]) -> str:
        fetched.append((name, list(filter_repo_objects(files, allow_patterns=allow_patterns))))
        return str(image_model)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot_download)
    assemble("owner/tuned", str(tiny_teacher / "motion_adapter"), tmp_path / "teacher")
    assert fetched == [("owner/tuned", [files[0], files[3]])]


def test_the_real_file_s_names_and_sizes_give_the_real_configuration() -> None:
    """mm_sd_v15_v2: widths 320 to 1280, two modules a block, one in the middle, 32 frames at most."""
    with torch.device("meta"):
        tensors = {
            f"down_blocks.{block}.motion_modules.{layer}.temporal_transformer.proj_in.weight": torch.empty(
                width, width
            )
            for block, width in enumerate((320, 640, 1280, 1280))
            for layer in (0, 1)
        }
        attention = "mid_block.motion_modules.0.temporal_transformer.transformer_blocks.0.attention_blocks.0"
        tensors[f"{attention}.pos_encoder.pe"] = torch.empty(1, 32, 1280)
    assert adapter_config(tensors) == {
        "_class_name": "MotionAdapter",
        "block_out_channels": [320, 640, 1280, 1280],
        "motion_layers_per_block": 2,
        "motion_max_seq_length": 32,
        "use_motion_mid_block": True,
    }


def test_a_malicious_checkpoint_is_refused_and_not_run(image_model: Path, tmp_path: Path) -> None:
    torch.save({"state_dict": Malicious(tmp_path / "was run")}, tmp_path / "mm.ckpt")
    with pytest.raises(UserError, match=r"mm\.ckpt cannot be read as a checkpoint of tensors alone"):
        assemble(str(image_model), str(tmp_path / "mm.ckpt"), tmp_path / "teacher")
    assert not (tmp_path / "was run").exists()
    assert not (tmp_path / "teacher").exists()


def test_what_does_not_fit_is_refused_and_leaves_nothing(
    image_model: Path, tiny_teacher: Path, tmp_path: Path
) -> None:
    adapter, target = str(tiny_teacher / "motion_adapter"), tmp_path / "teacher"
    save_file({"weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    before = sorted(tmp_path.iterdir())
    for base, motion, message in [
        (str(image_model), str(tmp_path / "other.safetensors"), "0 of 1 tensors are those of an AnimateDiff"),
        (str(image_model), "no such adapter", "no file or folder here"),
        (str(tiny_teacher / "vae"), adapter, "unet is missing or empty"),
    ]:
        with pytest.raises(UserError, match=message):
            assemble(base, motion, target)
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_that_is_taken_stays_as_it_is(image_model: Path, tiny_teacher: Path, tmp_path: Path) -> None:
    (tmp_path / "teacher").mkdir()
    (tmp_path / "teacher" / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="exists and is not empty"):
        assemble(str(image_model), str(tiny_teacher / "motion_adapter"), tmp_path / "teacher")
    assert [path.name for path in (tmp_path / "teacher").iterdir()] == ["mine.txt"]
