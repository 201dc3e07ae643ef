"""The network agrees with the original implementation, and folders that are no VideoScore are refused."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.tiny import videoscore as tiny

from vip.errors import UserError
from vip.rewards import videoscore_model
from vip.rewards.videoscore_model import VideoScoreModel, open_videoscore

GOLDEN = Path(__file__).parents[2] / "fixtures" / "videoscore_tiny"


@pytest.fixture(scope="module")
def golden():
    backbone = videoscore_model._backbone(GOLDEN, torch.float32)
    return VideoScoreModel(backbone.eval(), videoscore_model._head(GOLDEN), processor=None)


@pytest.fixture
def folder(tmp_path):
    return tiny.build(tmp_path / "videoscore")


def test_outputs_are_the_original_implementations(golden):
    inputs = load_file(GOLDEN / "io.safetensors")
    expected = inputs.pop("logits")
    torch.testing.assert_close(golden.forward(inputs), expected, rtol=0, atol=1e-4)


def test_the_last_token_is_found_whichever_side_is_padded(golden):
    inputs = load_file(GOLDEN / "io.safetensors")
    expected = inputs.pop("logits")
    padding = int((inputs["attention_mask"][0] == 0).sum())
    assert padding > 0
    for name in ("input_ids", "attention_mask"):
        inputs[name] = torch.stack([inputs[name][0].roll(padding), inputs[name][1]])
    torch.testing.assert_close(golden.forward(inputs), expected, rtol=0, atol=1e-4)


def test_a_model_in_several_files_is_the_same(folder, tmp_path):
    whole = open_videoscore(folder, "cpu", "float32")
    parted = shutil.copytree(folder, tmp_path / "parted")
    weights = load_file(parted / "model.safetensors")
    (parted / "model.safetensors").unlink()
    files = {name: f"model-{1 + name.startswith('score')}.safetensors" for name in weights}
    for file in set(files.values()):
        save_file({n: w for n, w in weights.items() if files[n] == file}, parted / file, {"format": "pt"})
    index = {"metadata": {"total_size": 1}, "weight_map": files}
    (parted / "model.safetensors.index.json").write_text(json.dumps(index))
    again = open_videoscore(parted, "cpu", "float32")
    frames = [torch.full((28, 28, 3), 99, dtype=torch.uint8).numpy()]
    asked = [[frames], ["red <image> "]]
    torch.testing.assert_close(again.regress(*asked), whole.regress(*asked), rtol=0, atol=0)


def test_the_head_stays_in_float32(folder):
    model = open_videoscore(folder, "cpu", "bfloat16")
    assert model.backbone.dtype == torch.bfloat16
    assert model.head.weight.dtype == torch.float32
    outputs = model.regress([[torch.zeros(28, 28, 3, dtype=torch.uint8).numpy()]], ["red <image> "])
    assert outputs.dtype == torch.float32
    assert (outputs != outputs.bfloat16().float()).any()


def rewrite(folder, change):
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def test_a_folder_without_a_head_is_refused(folder):
    rewrite(folder, lambda weights: weights.pop("score.bias"))
    with pytest.raises(UserError, match="holds no score.bias, the regression head"):
        open_videoscore(folder, "cpu", "float32")


def test_a_head_of_another_size_is_refused(folder, tmp_path):
    with pytest.raises(UserError, match="the head has 3 outputs, VideoScore has 5"):
        open_videoscore(tiny.build(tmp_path / "other", outputs=3), "cpu", "float32")


def test_missing_weights_are_named(folder):
    rewrite(folder, lambda weights: weights.pop("model.text_model.norm.weight"))
    with pytest.raises(UserError, match=r"lacks 1 weights of its Idefics2 .text_model.norm.weight"):
        open_videoscore(folder, "cpu", "float32")


def test_torn_files_are_refused(folder):
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="the weights cannot be read"):
        open_videoscore(folder, "cpu", "float32")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match="the weights cannot be read"):
        open_videoscore(folder, "cpu", "float32")


def test_a_tokenizer_of_another_model_is_refused(folder):
    settings = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(settings | {"image_token_id": 3}))
    with pytest.raises(UserError, match="<image> is token 14 to the tokenizer and 3 to the model"):
        open_videoscore(folder, "cpu", "float32")


def test_a_folder_without_a_processor_is_refused(folder):
    (folder / "preprocessor_config.json").unlink()
    with pytest.raises(UserError, match="cannot be opened as an Idefics2 model"):
        open_videoscore(folder, "cpu", "float32")
