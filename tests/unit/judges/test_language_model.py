"""The judge that runs a language model, on a tiny one of the real classes."""

import shutil

import numpy as np
import pytest
import torch

from vip.errors import UserError
from vip.judges import language_model
from vip.judges.language_model import LanguageModel
from vip.types import PROPERTIES

PROMPTS = ["red circle moves left", "crisp blue square", "red " * 70, "moves", "blue circle on black"]


@pytest.fixture(scope="module")
def judge(tiny_chat_model):
    return LanguageModel(str(tiny_chat_model), questions=str(tiny_chat_model / "questions.yml"))


def test_the_probability_is_what_stock_transformers_gives_without_any_padding(judge, tiny_chat_model):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_chat_model)
    model = AutoModelForCausalLM.from_pretrained(tiny_chat_model)
    expected = []
    for prompt in PROMPTS:
        for question in ("Is it crisp?", "Is it red?", "Is there motion?", "Is it blue?"):
            text = f"<system> Be brief. <user> {question} {prompt} <assistant>"
            tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
            with torch.inference_mode():
                odds = model(input_ids=tokens).logits[0, -1].softmax(dim=-1)
            yes, no = (
                sum(float(odds[tokenizer.convert_tokens_to_ids(word)]) for word in words)
                for words in (("yes", "Yes"), ("no", "No"))
            )
            expected.append(yes / (yes + no))
    np.testing.assert_allclose(judge.judge(PROMPTS).ravel(), expected, atol=1e-6)


def test_neighbours_and_batch_size_change_nothing(judge, tiny_chat_model):
    together = judge.judge(PROMPTS)
    np.testing.assert_array_equal(judge.judge(PROMPTS[3:])[::-1], together[3:][::-1])
    one = LanguageModel(str(tiny_chat_model), questions=str(tiny_chat_model / "questions.yml"), batch_size=1)
    np.testing.assert_allclose(one.judge(PROMPTS), together, atol=1e-6)


def test_the_step_of_the_padding_changes_nothing_that_matters(judge, monkeypatch):
    padded = judge.judge(PROMPTS)
    monkeypatch.setattr(language_model, "LENGTH_STEP", 1)
    np.testing.assert_allclose(judge.judge(PROMPTS), padded, atol=1e-6)


def test_options_reach_the_chat_template_and_the_fingerprint(judge, tiny_chat_model):
    questions = str(tiny_chat_model / "questions.yml")
    aloud = LanguageModel(str(tiny_chat_model), questions=questions, template_options={"aloud": True})
    assert aloud.fingerprint != judge.fingerprint
    assert not np.array_equal(aloud.judge(PROMPTS), judge.judge(PROMPTS))


def test_the_fingerprint_follows_weights_and_questions_not_the_folders_name(judge, tiny_chat_model, tmp_path):
    copy = shutil.copytree(tiny_chat_model, tmp_path / "copy")
    questions = str(copy / "questions.yml")
    assert LanguageModel(str(copy), questions=questions).fingerprint == judge.fingerprint
    assert LanguageModel(str(copy)).fingerprint != judge.fingerprint
    weights = copy / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert LanguageModel(str(copy), questions=questions).fingerprint != judge.fingerprint


def test_nothing_is_loaded_before_the_first_question(tmp_path):
    judge = LanguageModel(str(tmp_path))
    with pytest.raises(UserError, match="holds no tokenizer that transformers can open"):
        judge.judge(PROMPTS)


def test_a_model_that_is_nowhere_is_told_offline(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="nobody/nothing is no file or folder here, and cannot be had"):
        _ = LanguageModel("nobody/nothing").fingerprint


def test_a_model_without_a_chat_template_is_refused(tiny_chat_model, tmp_path):
    plain = shutil.copytree(tiny_chat_model, tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    with pytest.raises(UserError, match="has no chat template"):
        LanguageModel(str(plain)).judge(PROMPTS)


def test_a_folder_without_weights_is_refused(tiny_chat_model, tmp_path):
    empty = shutil.copytree(tiny_chat_model, tmp_path / "empty")
    (empty / "model.safetensors").unlink()
    with pytest.raises(UserError, match="holds no causal language model that transformers can open"):
        LanguageModel(str(empty)).judge(PROMPTS)


def test_a_batch_holds_at_least_one_prompt(tiny_chat_model):
    with pytest.raises(UserError, match="batch_size is 0, at least 1"):
        LanguageModel(str(tiny_chat_model), batch_size=0)


def test_no_prompts_need_no_model(tmp_path):
    assert LanguageModel(str(tmp_path)).judge([]).shape == (0, len(PROPERTIES))


def test_a_template_without_a_system_message_is_told_and_served_without_one(tiny_chat_model, tmp_path):
    strict = shutil.copytree(tiny_chat_model, tmp_path / "strict")
    template = (strict / "chat_template.jinja").read_text()
    refusal = "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
    (strict / "chat_template.jinja").write_text(refusal + template)
    questions = strict / "questions.yml"
    refused = r"strict refuses the questions .no system role.*leave `system` blank"
    with pytest.raises(UserError, match=refused):
        LanguageModel(str(strict), questions=str(questions)).judge(PROMPTS)
    questions.write_text(questions.read_text().replace("system: Be brief.", 'system: ""'))
    assert LanguageModel(str(strict), questions=str(questions)).judge(PROMPTS).shape == (5, 4)
