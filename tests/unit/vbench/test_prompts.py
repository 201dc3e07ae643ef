"""VBench's list: duplicates once, hostile prompts refused, names as VBench looks for them."""

import pandas as pd
import pytest

from vip.errors import UserError
from vip.vbench.prompts import dimensions_of, names_of, read_prompts, video_name


def entry(prompt, *dimensions):
    return {"prompt_en": prompt, "dimension": list(dimensions), "auxiliary_info": {"color": "red"}}


INFO = [
    entry("a dog, running", "subject_consistency", "dynamic_degree"),
    entry("The bund Shanghai", "appearance_style"),
    entry("In a still frame, a sign", "temporal_flickering"),
    entry("The bund Shanghai", "overall_consistency", "appearance_style"),
]


def test_each_prompt_stands_once_with_all_its_dimensions():
    prompts = read_prompts(INFO)
    assert prompts["prompt"].tolist() == ["a dog, running", "The bund Shanghai", "In a still frame, a sign"]
    assert prompts["dimensions"].tolist() == [
        "subject_consistency dynamic_degree",
        "appearance_style overall_consistency",
        "temporal_flickering",
    ]
    assert prompts["prompt_id"].is_unique


def test_names_are_those_that_vbench_looks_for():
    prompts = read_prompts(INFO)
    assert names_of(prompts, "appearance_style", 2) == ["The bund Shanghai-0.mp4", "The bund Shanghai-1.mp4"]
    assert (
        names_of(prompts, "dynamic_degree", 5)[-1]
        == video_name("a dog, running", 4)
        == "a dog, running-4.mp4"
    )
    assert names_of(prompts, "color", 5) == []


def test_dimensions_come_in_one_order():
    assert dimensions_of(read_prompts(INFO)) == [
        "subject_consistency",
        "temporal_flickering",
        "dynamic_degree",
        "appearance_style",
        "overall_consistency",
    ]
    assert dimensions_of(pd.DataFrame({"dimensions": []})) == []


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [
        ("../../etc/passwd", "a slash"),
        ("a\\b", "a slash"),
        ("a\x00b", "unprintable"),
        ("two\nlines", "unprintable"),
        (".hidden", "begins with a dot"),
        ("  ", "is empty"),
        ("é" * 125, "more than 255 bytes"),
    ],
)
def test_prompts_that_are_no_file_names_are_refused(prompt, reason):
    with pytest.raises(UserError, match=rf"entry 2 of VBench's prompt list .*{reason}"):
        read_prompts([INFO[0], entry(prompt, "color")])


def test_odd_but_possible_names_are_kept_as_they_are():
    odd = ["a dog-0", "100% of ${x}: *?", "-n", "x" * 240, "ein Café"]
    prompts = read_prompts([entry(prompt, "color") for prompt in odd])
    assert prompts["prompt"].tolist() == odd


@pytest.mark.parametrize("info", [None, [], {}, "prompts"])
def test_other_files_are_refused(info):
    with pytest.raises(
        UserError, match=r"no list of prompts; copy VBench_full_info.json of the package vbench"
    ):
        read_prompts(info)


@pytest.mark.parametrize(
    "wrong", ["a dog", {"prompt": "a dog"}, {"prompt_en": "a dog"}, {"prompt_en": 3, "dimension": []}]
)
def test_other_entries_are_refused(wrong):
    with pytest.raises(UserError, match="entry 1 of VBench's prompt list has no prompt_en and dimension"):
        read_prompts([wrong])


def test_unknown_dimensions_are_refused():
    with pytest.raises(UserError, match="names the dimension 'colour'; known are subject_consistency"):
        read_prompts([entry("a dog", "colour")])
