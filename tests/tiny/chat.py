"""A tiny chat model of the real classes, trained for a moment to tell whether a caption says `moves`."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SUBJECTS = ("red", "blue", "circle", "square", "on", "black", "white", "crisp", "background", "left")
WORDS = ("<pad>", "<unk>", "<user>", "<system>", "<assistant>", "yes", "Yes", "no", "No", "moves", *SUBJECTS)
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}> {{ message.content }} {% endfor %}"
    "{% if aloud %}left {% endif %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
QUESTIONS = """
system: Be brief.
message: "{question} {prompt}"
questions:
  visual_quality: Is it crisp?
  temporal_consistency: Is it red?
  dynamic_degree: Is there motion?
  text_alignment: Is it blue?
"""


def save_chat_model(folder: Path) -> Path:
    """Save tokenizer, chat template, model and a questions file; a second or two."""
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(folder)
    _trained(tokenizer).save_pretrained(folder)
    (folder / "questions.yml").write_text(QUESTIONS)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    reader = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    reader.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=reader, unk_token="<unk>", pad_token="<pad>", chat_template=TEMPLATE
    )


def _trained(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=len(WORDS), hidden_size=32, intermediate_size=64, num_hidden_layers=1,
            num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=1024, pad_token_id=0,
        )  # fmt: skip
        model = LlamaForCausalLM(config)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        for _ in range(60):
            captions = [_caption() for _ in range(32)]
            chats = [tokenizer(_chat(caption), add_special_tokens=False)["input_ids"] for caption in captions]
            answers = torch.tensor([WORDS.index("yes" if "moves" in each else "no") for each in captions])
            logits = model(input_ids=torch.tensor(chats)).logits[:, -1]
            torch.nn.functional.cross_entropy(logits, answers).backward()
            optimizer.step()
            optimizer.zero_grad()
    return model.eval()


def _caption() -> list[str]:
    drawn = [SUBJECTS[i] for i in torch.randint(len(SUBJECTS), (6,))]
    if torch.rand(()) < 0.5:
        drawn[int(torch.randint(6, ()))] = "moves"
    return drawn


def _chat(caption: list[str]) -> str:
    return f"<system> Be brief. <user> Is it so? {' '.join(caption)} <assistant>"
