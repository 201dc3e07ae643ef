"""ReDPO training on the tiny teacher: reference predictions, the student, its curve, and the settings."""

import math
import subprocess
import sys
import typing
from dataclasses import asdict, replace

import pandas as pd
import pytest
import torch
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import TypeAdapter, ValidationError
from safetensors.torch import load_file
from tests.tiny.training import tiny_training

from vip.datasets import CheckpointFolderDataset, LazyMapDataset, ModelFolderDataset
from vip.families.folder import ModelFolder
from vip.losses.methods import METHODS
from vip.pipelines.redpo_training.config import ReDPOTraining
from vip.pipelines.redpo_training.nodes import predict_reference, train_student
from vip.pipelines.redpo_training.pipeline import create_pipeline
from vip.types import Clip, Items, PrunedStage

SETTINGS = tiny_training()
REMOVED = ("down_blocks.0.motion_modules.1", "up_blocks.1.motion_modules.2")
PAIRS = pd.DataFrame(
    {
        "pair_id": ["p0", "p1", "p2"],
        "prompt": ["red circle moves to left", "small blue square grows slowly", "red circle moves to left"],
        "winner": ["w0", "w1", "w0"],
        "loser": ["l0", "l1", "l2"],
    }
)


@pytest.fixture
def pruned_folder(tiny_model, tmp_path) -> ModelFolder:
    """The tiny teacher without two motion modules."""
    tiny_model.remove(REMOVED, "module")
    left = sum(unit.parameters for unit in tiny_model.units("module"))
    stage = PrunedStage(1, REMOVED, left + 1, left, 0, 0)
    tiny_model.record = replace(tiny_model.record, teacher="tiny", stages=(stage,))
    dataset = ModelFolderDataset(str(tmp_path / "pruned"))
    dataset.save(tiny_model)
    return dataset.load()


@pytest.fixture
def clips(tiny_model) -> tuple[Items[Clip], Items[Clip]]:
    return (
        clips_of(sorted(set(PAIRS["winner"])), tiny_model.latent_shape, 1),
        clips_of(sorted(set(PAIRS["loser"])), tiny_model.latent_shape, 2),
    )


def clips_of(keys, shape, seed) -> Items[Clip]:
    generator = torch.Generator().manual_seed(seed)
    made = {key: Clip(torch.randn(shape, generator=generator), None) for key in keys}
    return Items(pd.DataFrame({"key": keys}), made.__getitem__)


def run(tmp_path, teacher, pruned, clips, settings):
    """Run both nodes over datasets on disk; returns the student's folder and the curve."""
    student = ModelFolderDataset(str(tmp_path / "student"))
    predictions = LazyMapDataset(str(tmp_path / "predictions.parquet"), str(tmp_path / "store"), "tensors")
    catalog = DataCatalog(
        {
            "teacher": MemoryDataset(teacher),
            "pruned": MemoryDataset(pruned),
            "pairs": MemoryDataset(PAIRS),
            "full_clips": MemoryDataset(clips[0], copy_mode="assign"),
            "pruned_clips": MemoryDataset(clips[1], copy_mode="assign"),
            "reference_predictions": predictions,
            "checkpoints": CheckpointFolderDataset(str(tmp_path / "checkpoints")),
            "params:redpo_training": MemoryDataset(settings),
            "student": student,
            "training_curve": (curve := MemoryDataset()),
        }
    )
    SequentialRunner().run(create_pipeline(), catalog)
    return student.load(), curve.load()


def test_only_the_motion_modules_that_are_left_move(tmp_path, tiny_folder, pruned_folder, clips) -> None:
    student, curve = run(tmp_path, tiny_folder, pruned_folder, clips, SETTINGS)
    before, after = pruned_folder.open(), student.open()
    assert after.record == before.record
    trainable = set(before.trainable())
    for name, value in before.denoiser.named_parameters():
        same = torch.equal(value, after.denoiser.get_parameter(name))
        assert same == (name not in trainable), name
    assert len(curve) == 2
    assert (curve["winner_margin"] != 0).all()


def test_a_student_like_its_teacher_has_no_sft_loss(tmp_path, pruned_folder, clips) -> None:
    settings = replace(SETTINGS, batch_size=3, reference_batch_size=3)
    _, curve = run(tmp_path, pruned_folder, pruned_folder, clips, settings)
    assert curve["sft_loss"][0] == pytest.approx(0, abs=1e-10)
    assert curve["dpo_loss"][0] == pytest.approx(math.log(2), abs=1e-4)


def test_a_student_like_the_teacher_beside_it_has_its_features(tmp_path, pruned_folder, clips) -> None:
    settings = replace(SETTINGS, method="feature_distillation", batch_size=3, precision="bf16")
    _, curve = run(tmp_path, pruned_folder, pruned_folder, clips, settings)
    assert curve["feature_loss"][0] == pytest.approx(0, abs=1e-10)


def test_features_of_a_pruned_model_are_held_against_the_teacher_s(
    tmp_path, tiny_folder, pruned_folder, clips
) -> None:
    settings = replace(SETTINGS, method="feature_distillation")
    student, curve = run(tmp_path, tiny_folder, pruned_folder, clips, settings)
    assert (curve["feature_loss"] > 0).all()
    parts = curve["winner_margin"] + curve["sft_loss"] + curve["feature_loss"]
    assert curve["loss"].tolist() == pytest.approx((SETTINGS.sft_weight * parts).tolist())
    assert moves(student.open(), pruned_folder.open()).any()


def test_bfloat16_trains_float32_masters_nearly_as_float32_does(
    tmp_path, tiny_folder, pruned_folder, clips
) -> None:
    students = {}
    for precision in ("fp32", "bf16"):
        settings = replace(SETTINGS, precision=precision)
        folder, curve = run(tmp_path / precision, tiny_folder, pruned_folder, clips, settings)
        assert curve["loss"].notna().all()
        students[precision] = folder.open()
    for file in (tmp_path / "bf16" / "checkpoints").rglob("*.safetensors"):
        assert {value.dtype for value in load_file(file).values()} == {torch.float32}
    start = pruned_folder.open()
    for name, value in start.denoiser.named_parameters():
        found = students["bf16"].denoiser.get_parameter(name)
        assert found.dtype == torch.float32
        if name not in start.trainable():
            assert torch.equal(found, value), name
    moved = {name: moves(student, start) for name, student in students.items()}
    assert torch.cosine_similarity(moved["fp32"], moved["bf16"], dim=0) > 0.9


def moves(student, start) -> torch.Tensor:
    """How far each trained weight went."""
    before = start.trainable()
    return torch.cat([(value - before[name]).flatten() for name, value in student.trainable().items()])


def test_in_bfloat16_too_a_student_like_its_teacher_has_no_sft_loss(tmp_path, pruned_folder, clips) -> None:
    settings = replace(SETTINGS, batch_size=3, reference_batch_size=3, precision="bf16")
    _, curve = run(tmp_path, pruned_folder, pruned_folder, clips, settings)
    assert curve["sft_loss"][0] == pytest.approx(0, abs=1e-10)
    assert curve["dpo_loss"][0] == pytest.approx(math.log(2), abs=1e-4)


def test_precision_is_part_of_a_prediction_s_key(tiny_folder, pruned_folder, clips) -> None:
    keys = [
        set(predict_reference(tiny_folder, pruned_folder, PAIRS, *clips, settings).table["key"])
        for settings in (SETTINGS, replace(SETTINGS, precision="bf16"), replace(SETTINGS, offload=True))
    ]
    assert keys[0].isdisjoint(keys[1])
    assert keys[0] == keys[2]


def test_general_alignment_never_opens_the_teacher(tmp_path, pruned_folder, clips) -> None:
    settings = replace(SETTINGS, reference="initial")
    nowhere = ModelFolder(tmp_path / "nowhere", "animatediff", "teacher")
    _, curve = run(tmp_path, nowhere, pruned_folder, clips, settings)
    assert curve["dpo_loss"][0] == pytest.approx(math.log(2), abs=1e-4)
    assert curve["winner_margin"][0] == pytest.approx(0, abs=1e-6)


def test_weights_laid_out_for_sampling_can_be_trained(tiny_folder, pruned_folder, clips, tmp_path) -> None:
    """channels_last with frozen layers makes torch 2.13 write to a null gradient on the CPU."""
    open_family = ModelFolder.open

    def channels_last(folder, *how, **named):
        family = open_family(folder, *how, **named)
        family.denoiser.to(memory_format=torch.channels_last)
        return family

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ModelFolder, "open", channels_last)
        _, curve = run(tmp_path, tiny_folder, pruned_folder, clips, SETTINGS)
    assert curve["gradient_norm"].gt(0).all()


def test_a_prediction_does_not_depend_on_its_batch(tiny_folder, pruned_folder, clips) -> None:
    lazy = predict_reference(tiny_folder, pruned_folder, PAIRS, *clips, SETTINGS)
    keys = list(lazy.table["key"])
    forwards, backwards = lazy.make_batch(keys), lazy.make_batch(keys[::-1])[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in ("winner", "loser"))


def test_the_pipeline_takes_and_makes_what_a_stage_passes_on() -> None:
    template = create_pipeline()
    assert template.inputs() == {
        "teacher", "pruned", "pairs", "full_clips", "pruned_clips", "checkpoints", "params:redpo_training",
    }  # fmt: skip
    assert template.all_outputs() == {"reference_predictions", "student", "training_curve"}
    assert {node.name: node.tags for node in template.nodes} == {
        "reference_predictions": {"redpo_training"},
        "student": {"redpo_training", "every_process"},
    }


@pytest.mark.parametrize("function", [predict_reference, train_student])
def test_annotations_resolve_so_that_kedro_checks_parameters(function) -> None:
    assert typing.get_type_hints(function)["settings"] is ReDPOTraining


def test_nodes_and_pipeline_load_without_torch() -> None:
    code = (
        "import sys, vip.pipelines.redpo_training.pipeline; "
        "sys.exit(str([m for m in ('torch', 'pandas', 'accelerate', 'diffusers') if m in sys.modules]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stderr.strip() == "[]"


VALUES = asdict(SETTINGS)


def build(**changes) -> ReDPOTraining:
    return TypeAdapter(ReDPOTraining).validate_python(VALUES | changes)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_can_be_chosen(method: str) -> None:
    assert build(method=method).method == method


@pytest.mark.parametrize("weight", [0, 1e4, "1e4", "auto"])
def test_a_weight_is_a_number_or_auto(weight) -> None:
    expected = weight if weight == "auto" else float(weight)
    assert build(sft_weight=weight).sft_weight == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "ReDOP"}, "method 'ReDOP' is unknown; did you mean redpo?"),
        ({"method": "orpo-x"}, "method 'orpo-x' is unknown; did you mean"),
        ({"sft_weight": "automatic"}, "sft_weight is 'automatic'; it is a number of at least 0, or auto"),
        ({"sft_weight": -1}, "sft_weight is -1; it is a number of at least 0, or auto"),
        ({"sft_weight": True}, "sft_weight is True"),
        ({"sft_weight": float("inf")}, "finite"),
        ({"sft_weight": float("nan")}, "sft_weight is nan"),
        ({"beta": 0}, "beta"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"epochs": 0}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"warmup_steps": -1}, "warmup_steps"),
        ({"gradient_clip": -1}, "gradient_clip"),
        ({"ema_decay": 1}, "ema_decay"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"reference_batch_size": 0}, "reference_batch_size"),
        ({"gradient_norm_every": 0}, "gradient_norm_every"),
        ({"seed": -1}, "seed"),
        ({"reference": "itself"}, "reference"),
        ({"learning_rat": 1}, "learning_rat"),
        ({"method": "sft", "reference": "initial"}, "method: sft imitates the reference"),
        (
            {"method": "feature_distillation", "reference": "initial"},
            "method: feature_distillation imitates the reference",
        ),
        (
            {"method": "feature_distillation", "sharding": "fsdp"},
            "has all of the teacher in each process.*choose sharding: none or another method",
        ),
        ({"feature_weight": -1}, "feature_weight"),
        ({"output_weight": float("inf")}, "output_weight"),
        ({"reference": "initial", "sft_weight": "auto"}, "set sft_weight to a number"),
    ],
)
def test_impossible_settings_are_refused(changes, message) -> None:
    with pytest.raises(ValidationError, match=message.replace("?", r"\?")):
        build(**changes)


def test_dpo_has_no_use_for_a_weight() -> None:
    assert build(method="dpo", reference="initial", sft_weight="auto").sft_weight == "auto"
