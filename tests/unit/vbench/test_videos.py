"""Clips under VBench's names."""

import numpy as np
import pandas as pd
import pytest
import torch

from vip.errors import UserError
from vip.types import Clip, Items
from vip.vbench.videos import VideoFolder, named_videos


def test_samples_of_a_prompt_are_counted_wherever_they_stand():
    table = pd.DataFrame(
        {"key": ["k0", "k1", "k2"], "prompt": ["a dog", "a cat", "a dog"], "seed": [1, 2, 3]}
    )
    made = {key: Clip(torch.zeros(1), np.full((1, 2, 2, 3), int(key[1]), np.uint8)) for key in table["key"]}
    named = named_videos(Items(table, made.__getitem__))
    assert list(named) == ["a dog-0.mp4", "a cat-0.mp4", "a dog-1.mp4"]
    assert named["a dog-1.mp4"] is made["k2"]
    assert named.table["clip"].tolist() == ["k0", "k1", "k2"]
    assert list(table.columns) == ["key", "prompt", "seed"]


def test_missing_videos_are_refused_and_altered_ones_change_the_fingerprint(tmp_path):
    folder = VideoFolder(tmp_path, {"a-0.mp4": "11", "a-1.mp4": "22"})
    with pytest.raises(
        UserError, match=r"1 of 2 videos are missing in .* .b-0.mp4, ....; VBench would score"
    ):
        folder.fingerprint_of(["a-0.mp4", "b-0.mp4"])
    other = VideoFolder(tmp_path, {"a-0.mp4": "11", "a-1.mp4": "23"})
    assert folder.fingerprint_of(["a-0.mp4"]) == other.fingerprint_of(["a-0.mp4"])
    assert folder.fingerprint_of(["a-0.mp4", "a-1.mp4"]) != other.fingerprint_of(["a-0.mp4", "a-1.mp4"])
