"""AnimateDiff: a Stable Diffusion U-Net with motion modules between its layers (Guo et al., 2023).

V.I.P. prunes and trains the motion modules only; the spatial U-Net stays frozen (paper Sec. 4.1). A student's folder
is a stock AnimateDiffPipeline folder whose `motion_adapter/` lacks the removed modules.
"""

import copy
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from vip.errors import UserError
from vip.families.base import Granularity, VideoFamily
from vip.families.storage import (
    copy_component,
    count_parameters,
    read_json,
    read_weights,
    variant_of,
    write_json,
    write_weights,
)
from vip.pruning.flops import count_flops
from vip.pruning.record import check_modules, check_parameters, read_record, write_record
from vip.pruning.surgery import is_removed, remove_modules
from vip.types import Conditioning, PruningRecord, Sampler, Unit

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor, nn

MOTION_MODULE = re.compile(r"((down_blocks|up_blocks)\.\d+|mid_block)\.motion_modules\.\d+")
"""Path of one motion module; its first group is the path of its block."""
FRAMES = 16
"""Frames of a clip in stock AnimateDiffPipeline, where the motion modules can tell so many apart."""
FROZEN_COMPONENTS = ("vae", "text_encoder", "tokenizer", "scheduler")
DECODER_ARGUMENTS = {"use_safetensors": True, "local_files_only": True}


class AnimateDiff(VideoFamily):
    """Stable Diffusion 1.5 and other spatial U-Nets with an AnimateDiff motion adapter."""

    name: ClassVar[str] = "animatediff"
    pipeline_class: ClassVar[str] = "AnimateDiffPipeline"
    frames_per_second = 8

    def __init__(self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        self.folder = folder
        self.denoiser = denoiser
        self.record = record
        self.vae, self.text_encoder = components["vae"], components["text_encoder"]
        self.tokenizer, self.scheduler = components["tokenizer"], components["scheduler"]
        config = cast("Any", denoiser).config
        frames = min(FRAMES, config.motion_max_seq_length)
        self.latent_shape = (config.in_channels, frames, config.sample_size, config.sample_size)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a stock folder, a student's, or one written by `AnimateDiffPipeline.save_pretrained`."""
        _check_pipeline_class(folder, cls.pipeline_class)
        record = read_record(folder)
        denoiser = _open_denoiser(folder, record or PruningRecord("", ""))
        components = _open_components(folder)
        for module in (denoiser, components["vae"], components["text_encoder"]):
            module.requires_grad_(False).eval().to(device)
        return cls(folder, denoiser, record or PruningRecord("", _read_licence(folder)), components)

    def save(self, folder: Path) -> None:
        """Write the student: motion weights from memory, everything frozen as it was in the folder it came from."""
        remaining = set(_motion_paths(self.denoiser))
        gone = set(_paths_named(self.record.removed, _all_motion_paths(self.denoiser)))
        assert not remaining & gone, "the pruning record lists modules that are still there"
        assert remaining | gone == set(_all_motion_paths(self.denoiser)), "removed modules are not in the record"
        folder.mkdir(parents=True, exist_ok=True)
        state = self.denoiser.state_dict()
        write_weights(folder / "motion_adapter", {key: value for key, value in state.items() if _is_motion(key)})
        shutil.copyfile(self.folder / "motion_adapter" / "config.json", folder / "motion_adapter" / "config.json")
        self._save_spatial(folder / "unet")
        for component in FROZEN_COMPONENTS:
            copy_component(self.folder / component, folder / component)
        for licence in sorted(self.folder.glob("LICEN[CS]E*")):
            shutil.copyfile(licence, folder / licence.name)
        write_json(folder / "model_index.json", _student_index(self.folder))
        write_record(self.record, folder)

    def units(self, granularity: Granularity) -> tuple[Unit, ...]:
        """Motion modules one by one, or those of a whole down, middle or up block together."""
        groups: dict[str, list[str]] = {}
        for path in _motion_paths(self.denoiser):
            groups.setdefault(path if granularity == "module" else _block_of(path), []).append(path)
        return tuple(
            Unit(name, tuple(paths), sum(count_parameters(self.denoiser.get_submodule(path)) for path in paths))
            for name, paths in groups.items()
        )

    def remove(self, names: Sequence[str], granularity: Granularity) -> None:
        """Replace the named units' motion modules by passthroughs."""
        units = {unit.name: unit for unit in self.units(granularity)}
        unknown = sorted(set(names) - set(units))
        if unknown:
            raise UserError(
                f"{self.folder}: cannot remove {', '.join(unknown)} at granularity {granularity}: "
                f"the {len(units)} units present are {', '.join(units)}"
            )
        remove_modules(self.denoiser, (path for name in dict.fromkeys(names) for path in units[name].paths))

    def trainable(self) -> "dict[str, nn.Parameter]":
        """All parameters of the motion modules that are left."""
        return {name: value for name, value in self.denoiser.named_parameters() if _is_motion(name)}

    def flops(self) -> int:
        """FLOPs of the motion modules that are left, counted on the meta device."""
        import torch

        twin = _meta_twin(self.denoiser)
        channels, frames, height, width = self.latent_shape
        noisy = torch.empty(1, channels, frames, height, width, device="meta")
        text = self.text_encoder.config
        words = torch.empty(frames, text.max_position_embeddings, text.hidden_size, device="meta")
        timestep = torch.zeros(1, device="meta")
        return count_flops(twin, _motion_paths(twin), noisy, timestep, encoder_hidden_states=words)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Embed B prompts and the empty prompt beside each: two tensors (B, tokens, width)."""
        import torch

        with torch.no_grad():
            return {"prompt": self._embed(list(prompts)), "empty_prompt": self._embed([""] * len(prompts))}

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """DDIM without added noise (eta 0) and with classifier-free guidance, as AnimateDiffPipeline samples."""
        import torch

        guided = sampler.guidance_scale > 1
        scheduler = copy.deepcopy(self.scheduler)
        scheduler.set_timesteps(sampler.steps, device=noise.device)
        words = conditioning["prompt"]
        if guided:
            words = torch.cat([conditioning["empty_prompt"], words])
        with torch.inference_mode():
            latents = noise * scheduler.init_noise_sigma
            for timestep in scheduler.timesteps:
                doubled = torch.cat([latents] * 2) if guided else latents
                prediction = _call(self.denoiser, doubled, timestep, words)
                if guided:
                    without, with_prompt = prediction.chunk(2)
                    prediction = without + sampler.guidance_scale * (with_prompt - without)
                latents = scheduler.step(prediction, timestep, latents).prev_sample
        return latents.clone()

    def decode(self, latents: "Tensor") -> "NDArray[np.uint8]":
        """Decode clip by clip, so that a clip's pixels do not depend on its batch."""
        import numpy as np
        import torch

        with torch.inference_mode():
            clips = [self._decode_clip(clip) for clip in latents]
        return np.stack(clips)

    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Uniform over all training timesteps."""
        import torch

        return torch.randint(self.scheduler.config.num_train_timesteps, (count,), generator=generator)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t = alpha_t x_0 + sigma_t noise, by the scheduler's table."""
        return cast("Tensor", self.scheduler.add_noise(clean, noise, timesteps))

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The noise, or the velocity where the scheduler says `v_prediction`."""
        if self.scheduler.config.prediction_type == "epsilon":
            return noise
        return cast("Tensor", self.scheduler.get_velocity(clean, noise, timesteps))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the U-Net with each prompt's embedding repeated for its frames."""
        return _call(denoiser, noisy.contiguous(), timesteps.to(noisy.device), conditioning["prompt"])

    def _embed(self, prompts: list[str]) -> "Tensor":
        tokens = self.tokenizer(
            prompts,
            padding="max_length",
            max_length=self.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        device = self.text_encoder.device
        masked = getattr(self.text_encoder.config, "use_attention_mask", False)
        mask = tokens.attention_mask.to(device) if masked else None
        return cast("Tensor", self.text_encoder(tokens.input_ids.to(device), attention_mask=mask)[0])

    def _decode_clip(self, latents: "Tensor") -> "NDArray[np.uint8]":
        pictures = self.vae.decode((1 / self.vae.config.scaling_factor * latents).transpose(0, 1)).sample
        pixels = (pictures / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        return cast("NDArray[np.uint8]", (pixels * 255).round().astype("uint8"))

    def _save_spatial(self, target: Path) -> None:
        """Copy the frozen spatial U-Net, or split it off where the source folder stores it with its motion modules."""
        config = read_json(self.folder / "unet" / "config.json")
        if config["_class_name"] != "UNetMotionModel":
            copy_component(self.folder / "unet", target)
            return
        state = self.denoiser.state_dict()
        write_weights(target, {key: value for key, value in state.items() if not _is_motion(key)})
        write_json(target / "config.json", _spatial_config(config))


def _call(denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor") -> "Tensor":
    repeated = words.repeat_interleave(noisy.shape[2], dim=0)
    return cast("Tensor", denoiser(noisy, timesteps, encoder_hidden_states=repeated).sample)


def _is_motion(key: str) -> bool:
    return MOTION_MODULE.match(key) is not None


def _block_of(path: str) -> str:
    match = MOTION_MODULE.fullmatch(path)
    assert match, f"{path} is not a motion module"
    return match.group(1)


def _all_motion_paths(denoiser: "nn.Module") -> list[str]:
    """Paths of all motion modules, removed ones included, in the order in which the network calls them."""
    found = [path for path, _ in denoiser.named_modules() if MOTION_MODULE.fullmatch(path)]
    order = ("down_blocks", "mid_block", "up_blocks")
    return sorted(found, key=lambda path: order.index(path.split(".")[0]))


def _motion_paths(denoiser: "nn.Module") -> list[str]:
    return [path for path in _all_motion_paths(denoiser) if not is_removed(denoiser.get_submodule(path))]


def _paths_named(names: Iterable[str], paths: Sequence[str]) -> Iterator[str]:
    """Module paths of units named at either granularity; a name that is neither stands for itself."""
    for name in names:
        yield from [path for path in paths if name in (path, _block_of(path))] or [name]


def _check_pipeline_class(folder: Path, expected: str) -> None:
    found = read_json(folder / "model_index.json").get("_class_name")
    if found != expected:
        raise UserError(f"{folder}/model_index.json names {found}, not {expected}; choose the family that fits it")


def _open_denoiser(folder: Path, record: PruningRecord) -> "nn.Module":
    """Build the U-Net without weights, take out what the record says is gone, and load the rest strictly."""
    import torch

    with torch.device("meta"):
        denoiser = _build_denoiser(read_json(folder / "unet" / "config.json"), folder)
    all_paths = _all_motion_paths(denoiser)
    removed = set(_paths_named(record.removed, all_paths))
    state = read_weights(folder / "unet")
    if not any(_is_motion(key) for key in state):
        state |= read_weights(folder / "motion_adapter")
    stored = {match.group(0) for key in state if (match := MOTION_MODULE.match(key))}
    check_modules(folder, all_paths, stored, removed)
    remove_modules(denoiser, sorted(removed))
    _load_strictly(denoiser, state, folder)
    check_parameters(folder, record, sum(count_parameters(denoiser.get_submodule(path)) for path in all_paths))
    return denoiser


def _build_denoiser(config: dict[str, Any], folder: Path) -> "nn.Module":
    from diffusers import MotionAdapter, UNet2DConditionModel, UNetMotionModel

    if config.get("_class_name") == "UNetMotionModel":
        return cast("nn.Module", UNetMotionModel.from_config(config))
    spatial = UNet2DConditionModel.from_config(config)
    adapter = MotionAdapter.from_config(read_json(folder / "motion_adapter" / "config.json"))
    try:
        return cast("nn.Module", UNetMotionModel.from_unet2d(spatial, adapter, load_weights=False))
    except ValueError as error:
        raise UserError(f"{folder}: unet/ and motion_adapter/ do not fit each other ({error})") from None


def _load_strictly(denoiser: "nn.Module", state: "dict[str, Tensor]", folder: Path) -> None:
    expected = denoiser.state_dict()
    wrong = sorted(set(expected) ^ set(state))
    wrong += sorted(key for key in set(expected) & set(state) if expected[key].shape != state[key].shape)
    if wrong:
        raise UserError(
            f"{folder}: {len(wrong)} tensors of unet/ and motion_adapter/ ({len(state)} stored, {len(expected)} "
            f"expected) do not fit their config.json, the first is {wrong[0]}; restore the folder from its source"
        )
    denoiser.load_state_dict(state, strict=True, assign=True)


def _open_components(folder: Path) -> dict[str, Any]:
    import torch
    from diffusers import AutoencoderKL, DDIMScheduler
    from transformers import CLIPTextModel, CLIPTokenizer

    scheduler = read_json(folder / "scheduler" / "scheduler_config.json")
    _check_scheduler(folder, scheduler)
    vae, text_encoder = folder / "vae", folder / "text_encoder"
    return {
        "vae": AutoencoderKL.from_pretrained(
            vae, variant=variant_of(vae), torch_dtype=torch.float32, **DECODER_ARGUMENTS
        ),
        "text_encoder": CLIPTextModel.from_pretrained(
            text_encoder, variant=variant_of(text_encoder), dtype=torch.float32, **DECODER_ARGUMENTS
        ),
        "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        "scheduler": DDIMScheduler.from_config(scheduler),
    }


def _check_scheduler(folder: Path, config: dict[str, Any]) -> None:
    if config.get("_class_name") != "DDIMScheduler":
        raise UserError(
            f"{folder}/scheduler names {config.get('_class_name')}; this family samples with DDIMScheduler, "
            "save one there (beta_schedule linear, as AnimateDiff was trained)"
        )
    if config.get("prediction_type", "epsilon") not in {"epsilon", "v_prediction"}:
        raise UserError(
            f"{folder}/scheduler has prediction_type {config['prediction_type']!r}; "
            "this family trains epsilon and v_prediction models"
        )


def _meta_twin(denoiser: "nn.Module") -> "nn.Module":
    """The same network on the meta device, with the same modules removed."""
    import torch

    with torch.device("meta"):
        twin: nn.Module = cast("Any", type(denoiser)).from_config(cast("Any", denoiser).config)
    remove_modules(twin, set(_all_motion_paths(twin)) - set(_motion_paths(denoiser)))
    return twin


def _spatial_config(config: dict[str, Any]) -> dict[str, Any]:
    """The UNet2DConditionModel's configuration inside a UNetMotionModel's (the way back from `from_unet2d`)."""
    import inspect

    from diffusers import UNet2DConditionModel

    known = set(inspect.signature(UNet2DConditionModel.__init__).parameters)
    spatial = {key: value for key, value in config.items() if key in known and not key.startswith("mid_block_layers")}
    for blocks in ("down_block_types", "up_block_types"):
        spatial[blocks] = [name.replace("Motion", "2D") for name in config[blocks]]
    spatial["attention_head_dim"] = spatial.pop("num_attention_heads")
    return {**spatial, "_class_name": "UNet2DConditionModel", "_diffusers_version": config["_diffusers_version"]}


def _student_index(source: Path) -> dict[str, Any]:
    index = read_json(source / "model_index.json")
    components = {name: value for name, value in index.items() if name in (*FROZEN_COMPONENTS, "motion_adapter")}
    return {
        "_class_name": index["_class_name"],
        "_diffusers_version": index.get("_diffusers_version", ""),
        "unet": ["diffusers", "UNet2DConditionModel"],
        **components,
    }


def _read_licence(folder: Path) -> str:
    """The licence named in the model card, if there is one."""
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8", errors="replace") if card.is_file() else ""
    found = re.match(r"---\n(?:.*\n)*?license: *(\S+) *\n", text)
    return found.group(1) if found else "unknown"
