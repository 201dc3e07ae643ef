"""Students of all transformer families: what plain diffusers makes of them, their names, their records."""

import copy
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.tiny.models import TINY, TRANSFORMERS

from vip.errors import UserError
from vip.families.registry import family_named
from vip.families.transformers.base import TransformerFamily
from vip.types import PrunedStage, PruningRecord

PROMPT = ["a red circle moves left"]


@pytest.fixture(scope="module", params=TRANSFORMERS)
def shared(request: pytest.FixtureRequest, tiny_folder_of: Callable[[str], Path]) -> TransformerFamily:
    """Opened once for all tests, which leave it as it is."""
    return family_named(TINY[request.param].family).open(tiny_folder_of(request.param))


@pytest.fixture
def model(shared: TransformerFamily) -> TransformerFamily:
    """A copy that a test may change."""
    return copy.deepcopy(shared)


@pytest.fixture
def student(model: TransformerFamily, tmp_path: Path) -> Path:
    """A saved student without the first removable block."""
    prune(model, removable(model)[:1])
    model.save(tmp_path / "student")
    return tmp_path / "student"


def removable(model: TransformerFamily) -> list[str]:
    return [unit.name for unit in model.units("block") if unit.removable]


def prune(model: TransformerFamily, names: list[str]) -> None:
    before, flops = sum(unit.parameters for unit in model.units("block")), model.flops()
    model.remove(names, "block")
    after = sum(unit.parameters for unit in model.units("block"))
    stage = PrunedStage(len(model.record.stages) + 1, tuple(names), before, after, flops, model.flops())
    model.record = PruningRecord("teacher", "apache-2.0", (*model.record.stages, stage))


def edit_json(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def opened_by_diffusers(folder: Path, component: str) -> torch.nn.Module:
    library, name = json.loads((folder / "model_index.json").read_text())[component]
    return getattr(import_module(library), name).from_pretrained(folder / component)


def test_plain_from_pretrained_loads_a_pruned_transformer(model: TransformerFamily, student: Path) -> None:
    for name, transformer in model.transformers.items():
        loaded = opened_by_diffusers(student, name).state_dict()
        expected = transformer.state_dict()
        assert loaded.keys() == expected.keys()
        assert all(torch.equal(loaded[key], expected[key]) for key in expected)


def test_what_the_pipeline_saves_itself_loads_too(model: TransformerFamily, tmp_path: Path) -> None:
    model.remove(removable(model)[:2], "block")
    model.to_pipeline().save_pretrained(tmp_path / "saved")
    for name, transformer in model.transformers.items():
        assert (
            opened_by_diffusers(tmp_path / "saved", name).state_dict().keys()
            == transformer.state_dict().keys()
        )


def test_names_outlast_removals_savings_and_stages(model: TransformerFamily, tmp_path: Path) -> None:
    names = [unit.name for unit in model.units("block")]
    first, second = removable(model)[0], removable(model)[-1]
    prune(model, [first])
    model.save(tmp_path / "one")
    again = type(model).open(tmp_path / "one")
    prune(again, [second])
    again.save(tmp_path / "two")
    left = type(model).open(tmp_path / "two")
    assert [unit.name for unit in left.units("block")] == [n for n in names if n not in (first, second)]
    assert left.record.removed == (first, second)
    for unit in left.units("block"):
        twin = next(other for other in model.units("block") if other.name == unit.name)
        for path, other in zip(unit.paths, twin.paths, strict=True):
            ours, theirs = left.denoiser.get_submodule(path), model.denoiser.get_submodule(other)
            assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


def test_flops_are_those_that_torch_counts(model: TransformerFamily) -> None:
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    model.remove(removable(model)[:1], "block")
    conditioning = model.encode(PROMPT)
    conditioning |= {name: torch.ones_like(value) for name, value in conditioning.items() if "mask" in name}
    noisy = torch.zeros(1, *model.latent_shape)
    levels = [900.0, 100.0] if len(model.transformers) == 2 else [500.0]
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        for level in levels:
            model.predict(model.denoiser, noisy, torch.tensor([level]), conditioning)
    counts = counter.get_flop_counts()
    root = type(model.denoiser).__name__
    assert model.flops() == sum(
        sum(counts[f"{root}.{path}"].values()) for unit in model.units("block") for path in unit.paths
    )


def test_every_denoiser_parameter_is_trained(shared: TransformerFamily) -> None:
    assert set(shared.trainable()) == {name for name, _ in shared.denoiser.named_parameters()}


def test_recomputing_activations_changes_no_gradient(model: TransformerFamily) -> None:
    model.denoiser.requires_grad_(requires_grad=True)
    noisy = torch.randn(1, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    words, found = model.encode(PROMPT), []
    for _ in range(2):
        predicted = model.predict(model.denoiser, noisy, torch.tensor([500.0]), words)
        found.append(torch.autograd.grad(predicted.square().mean(), tuple(model.trainable().values())))
        model.denoiser.enable_gradient_checkpointing()
    assert all(part.is_gradient_checkpointing for part in model.transformers.values())
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_a_record_that_names_what_never_was_is_refused(model: TransformerFamily, student: Path) -> None:
    name = f"{removable(model)[0].rpartition('.')[0]}.97"
    content = json.loads((student / "pruning_record.json").read_text())
    content["stages"][0]["removed"], content["removed"] = [name], [name]
    (student / "pruning_record.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"lists {name} as removed, but the weights hold \d") as raised:
        type(model).open(student)
    assert "\n" not in str(raised.value)


def test_a_record_beside_other_weights_is_refused(model: TransformerFamily, student: Path) -> None:
    content = json.loads((student / "pruning_record.json").read_text())
    content["stages"][0]["parameters_after"] += 1
    (student / "pruning_record.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="prunable parameters"):
        type(model).open(student)


def test_weights_of_more_blocks_than_the_configuration_counts_are_refused(
    model: TransformerFamily, student: Path
) -> None:
    for name in model.transformers:
        path = student / name / "diffusion_pytorch_model.safetensors"
        tensors = load_file(path)
        tensors["extra.weight"] = torch.zeros(1)
        save_file(tensors, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"1 of \d+ tensors are unexpected \(first extra.weight\)"):
        type(model).open(student)


def test_weights_that_are_missing_are_refused(model: TransformerFamily, student: Path) -> None:
    path = student / "transformer" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(path)
    gone = min(tensors)
    save_file({key: tensors[key] for key in tensors if key != gone}, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match=rf"1 of \d+ tensors are missing \(first {gone}\)"):
        type(model).open(student)


def test_a_model_whose_record_is_out_of_date_is_not_saved(model: TransformerFamily, tmp_path: Path) -> None:
    model.remove(removable(model)[:1], "block")
    with pytest.raises(AssertionError, match="does not list"):
        model.save(tmp_path / "student")
    assert not (tmp_path / "student").exists()


def test_another_transformer_is_refused(student: Path, model: TransformerFamily) -> None:
    edit_json(student / "model_index.json", transformer=["diffusers", "WanVACETransformer3DModel"])
    with pytest.raises(UserError, match="side modules are tied to block numbers"):
        type(model).open(student)
    edit_json(student / "model_index.json", transformer=["diffusers", "FluxTransformer2DModel"])
    with pytest.raises(UserError, match="choose the family that fits"):
        type(model).open(student)


def test_another_scheduler_is_refused(student: Path, model: TransformerFamily) -> None:
    edit_json(student / "model_index.json", scheduler=["diffusers", "LCMScheduler"])
    with pytest.raises(UserError, match="this family samples with"):
        type(model).open(student)


def test_another_prediction_type_is_refused(student: Path, model: TransformerFamily) -> None:
    edit_json(student / "scheduler" / "scheduler_config.json", prediction_type="sample")
    if "prediction_type" not in model.scheduler.config:
        pytest.skip("flow matching's own scheduler has one prediction type")
    with pytest.raises(UserError, match="prediction_type 'sample'"):
        type(model).open(student)


def test_custom_code_is_refused(student: Path, model: TransformerFamily) -> None:
    edit_json(student / "model_index.json", scheduler=["my_package", "MyScheduler"])
    with pytest.raises(UserError, match="no custom code"):
        type(model).open(student)


def test_clip_sizes_that_make_no_sense_are_refused(student: Path, model: TransformerFamily) -> None:
    edit_json(student / "model_index.json", _clip={"frames": 0})
    with pytest.raises(UserError, match="_clip.frames is no positive integer"):
        type(model).open(student)
    edit_json(student / "model_index.json", _clip={"height": 33})
    with pytest.raises(UserError, match=r"asks for \d+ frames of 33 x \d+; this model makes \d+ k"):
        type(model).open(student)
    edit_json(student / "model_index.json", _clip={"seconds": 2})
    with pytest.raises(UserError, match="frames, height and width only"):
        type(model).open(student)
