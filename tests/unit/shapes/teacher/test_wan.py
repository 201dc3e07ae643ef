"""The flow transformer teacher: its words, and its autoencoder of single frames."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLWan
from transformers import T5Tokenizer

from vip.shapes.captions import vocabulary
from vip.shapes.teacher.imitation import imitate, one_frame_at_a_time
from vip.shapes.teacher.loop import Loop
from vip.shapes.teacher.wan import TeacherBlueprint, build_autoencoder, build_tokenizer
from vip.training.checkpoints import CheckpointFolder


@pytest.fixture
def autoencoder() -> AutoencoderKLWan:
    torch.manual_seed(0)
    return build_autoencoder()


def test_each_word_is_one_piece_also_after_saving(tmp_path: Path) -> None:
    build_tokenizer().save_pretrained(tmp_path)
    tokenizer = T5Tokenizer.from_pretrained(tmp_path, local_files_only=True)
    for word in vocabulary():
        assert tokenizer.tokenize(word) == [f"\u2581{word}"]
    assert tokenizer.tokenize("Zoo") == ["\u2581", "Z", "o", "o"]


def test_embeddings_are_zero_behind_the_last_word() -> None:
    torch.manual_seed(0)
    words = TeacherBlueprint().clip_words
    short, long = words.embed(["a red circle", "a red circle moves left"])
    assert short[4:].abs().max() == 0
    assert long[5].abs().max() > 0
    assert short[:4].abs().min(dim=-1).values.max() > 0


def test_a_frame_alone_is_computed_as_the_stock_class_does(autoencoder: AutoencoderKLWan) -> None:
    latents, pictures = torch.randn(2, 4, 1, 8, 8), torch.randn(2, 3, 1, 32, 32)
    with torch.inference_mode():
        stock = autoencoder.decoder(autoencoder.post_quant_conv(latents), first_chunk=True)
        encoded = autoencoder.encode(pictures).latent_dist.mean
        with one_frame_at_a_time(autoencoder):
            alone = autoencoder.decoder(autoencoder.post_quant_conv(latents), first_chunk=True)
            encoded_alone = autoencoder.quant_conv(autoencoder.encoder(pictures))[:, :4]
        again = autoencoder.decoder(autoencoder.post_quant_conv(latents), first_chunk=True)
    assert torch.allclose(alone, stock, atol=1e-5)
    assert torch.allclose(encoded_alone, encoded, atol=1e-5)
    assert torch.equal(again, stock)


def test_it_learns_latents_and_pictures_and_never_looks_at_other_frames(
    autoencoder: AutoencoderKLWan, tmp_path: Path
) -> None:
    clips = torch.randint(256, (2, 8, 3, 32, 32), dtype=torch.uint8)
    latents, loop = (
        torch.randn(2, 4, 8, 8, 8),
        Loop(steps=6, batch_size=4, learning_rate=2e-3, warmup_steps=1),
    )
    curve = imitate(autoencoder, latents, clips, loop, 0, CheckpointFolder(tmp_path))
    assert curve[-1]["loss"] < curve[0]["loss"]
    with torch.inference_mode():
        whole = autoencoder.decode(latents[:1]).sample
        frames = [autoencoder.decode(latents[:1, :, i : i + 1]).sample for i in range(8)]
        posterior = autoencoder.encode(torch.zeros(1, 3, 1, 32, 32)).latent_dist
    assert torch.equal(whole, torch.cat(frames, dim=2))
    assert posterior.std.max() < 1e-6
