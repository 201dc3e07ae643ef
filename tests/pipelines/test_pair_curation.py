"""Pair curation: the inequality of the paper, its counts, and what it refuses."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from pydantic import ValidationError
from pydantic.dataclasses import is_pydantic_dataclass

from vip.errors import UserError
from vip.pipelines.pair_curation.config import PairCuration, Threshold
from vip.pipelines.pair_curation.nodes import curate_pairs
from vip.pipelines.pair_curation.pipeline import create_pipeline
from vip.types import PROPERTIES

TARGETS = ["visual_quality", "dynamic_degree"]


def scores(model, rows):
    """Rows are (prompt_id, seed, visual_quality, dynamic_degree); the other properties are 3."""
    return pd.DataFrame(
        {
            "key": [f"score-{model}-{prompt}-{seed}" for prompt, seed, *_ in rows],
            "clip": [f"{model}-{prompt}-{seed}" for prompt, seed, *_ in rows],
            "prompt_id": [row[0] for row in rows],
            "prompt": [f"prompt {row[0]}" for row in rows],
            "seed": [row[1] for row in rows],
            "visual_quality": [float(row[2]) for row in rows],
            "temporal_consistency": 3.0,
            "dynamic_degree": [float(row[3]) for row in rows],
            "text_alignment": 3.0,
            "average": 3.0,
        }
    )


def stage_prompts(probabilities):
    """`probabilities` maps a prompt_id to those of visual_quality and dynamic_degree."""
    table = pd.DataFrame(
        {"prompt_id": list(probabilities), "prompt": [f"prompt {name}" for name in probabilities]}
    )
    table["visual_quality"] = [both[0] for both in probabilities.values()]
    table["dynamic_degree"] = [both[1] for both in probabilities.values()]
    return table.assign(temporal_consistency=0.0, text_alignment=0.0)


def curation(describes_threshold=0.5, maximum_pairs=None, **tau):
    thresholds = {name: Threshold(**tau.get(name, {"value": 0.0})) for name in PROPERTIES}
    return PairCuration(thresholds, describes_threshold, maximum_pairs)


FULL = scores("full", [("a", 0, 3.0, 3.0), ("b", 0, 3.0, 2.0), ("c", 0, 2.0, 3.5), ("d", 0, 3.0, 3.0)])
PRUNED = scores("pruned", [("d", 0, 1.0, 1.0), ("c", 0, 2.0, 3.0), ("b", 0, 2.5, 2.5), ("a", 0, 2.0, 2.75)])
PROMPTS = stage_prompts({"a": (0.9, 0.5), "b": (0.8, 0.1), "c": (0.5, 0.6), "d": (1.0, 0.49)})


def test_by_hand_with_values():
    pairs, counts = curate_pairs(
        FULL, PRUNED, PROMPTS, TARGETS, curation(visual_quality={"value": 2.0}, dynamic_degree={"value": 2.5})
    )
    assert list(zip(pairs["property"], pairs["winner"], pairs["loser"], pairs["margin"], strict=True)) == [
        ("visual_quality", "full-b-0", "pruned-b-0", 0.5),
        ("dynamic_degree", "full-a-0", "pruned-a-0", 0.25),
        ("dynamic_degree", "full-c-0", "pruned-c-0", 0.5),
    ]
    assert list(pairs["winner_score"]) == [3.0, 3.0, 3.5]
    assert list(pairs["loser_score"]) == [2.5, 2.75, 3.0]
    assert list(pairs["prompt"]) == ["prompt b", "prompt a", "prompt c"]
    assert counts.to_dict("split")["data"] == [
        ["visual_quality", 4, 1, 2, 0, 1, 2.0],
        ["dynamic_degree", 2, 0, 0, 0, 2, 2.5],
    ]
    assert list(counts.columns) == [
        "property", "candidates", "not_better", "too_bad", "not_drawn", "kept", "tau",
    ]  # fmt: skip


def test_by_hand_with_a_quantile():
    """The losers' visual qualities are 1, 2, 2, 2.5: their median is 2; only candidates count."""
    pairs, counts = curate_pairs(
        FULL, PRUNED, PROMPTS, ["visual_quality"], curation(visual_quality={"quantile": 0.5})
    )
    assert counts["tau"].tolist() == [2.0]
    assert pairs["winner"].tolist() == ["full-b-0"]
    _, fewer = curate_pairs(
        FULL, PRUNED, PROMPTS, ["visual_quality"], curation(0.9, visual_quality={"quantile": 0.5})
    )
    assert fewer["candidates"].tolist() == [2]
    assert fewer["tau"].tolist() == [1.5]


def test_several_seeds_of_a_prompt_are_paired_with_themselves():
    full = scores("full", [("a", 0, 3, 3), ("a", 1, 2, 2)])
    pruned = scores("pruned", [("a", 1, 1.5, 1), ("a", 0, 2.5, 1)])
    pairs, _ = curate_pairs(full, pruned, PROMPTS, ["visual_quality"], curation())
    assert pairs["loser"].tolist() == ["pruned-a-0", "pruned-a-1"]


def test_a_property_nobody_speaks_of_has_no_candidates():
    pairs, counts = curate_pairs(
        FULL,
        PRUNED,
        PROMPTS,
        ["text_alignment", "visual_quality"],
        curation(text_alignment={"quantile": 0.1}),
    )
    assert counts["candidates"].tolist() == [0, 4]
    assert set(pairs["property"]) == {"visual_quality"}


def test_of_too_many_pairs_some_are_drawn_and_fewer_are_some_of_those_of_more():
    names = [f"p{number}" for number in range(40)]
    full, pruned = (
        scores(model, [(name, 0, s, s) for name in names]) for model, s in (("full", 3), ("low", 2))
    )
    prompts = stage_prompts(dict.fromkeys(names, (1.0, 1.0)))
    drawn = {}
    for maximum in (10, 30, 80, 1000, None):
        pairs, counts = curate_pairs(full, pruned, prompts, TARGETS, curation(maximum_pairs=maximum))
        drawn[maximum] = list(pairs["pair_id"])
        assert len(pairs) == counts["kept"].sum() == min(maximum or 80, 80)
        assert (counts["not_drawn"] + counts["kept"] == 40).all()
        assert list(pairs.index) == list(range(len(pairs)))
    assert drawn[80] == drawn[1000] == drawn[None]
    assert [name for name in drawn[None] if name in set(drawn[30])] == drawn[30]
    assert set(drawn[10]) < set(drawn[30]) < set(drawn[80])
    assert 0 < sum(name in set(drawn[None][:40]) for name in drawn[10]) < 10, "from both properties"


SCORE = st.integers(0, 16).map(lambda quarter: quarter / 4)
ROWS = st.lists(st.tuples(SCORE, SCORE, SCORE, SCORE, st.booleans(), st.booleans()), min_size=1, max_size=12)


def curated(rows, tau, swap=False):
    """The pairs' identities (prompt, property) and the table, empty where none was kept."""
    names = [f"p{index}" for index in range(len(rows))]
    full = scores("full", [(name, 0, row[0], row[1]) for name, row in zip(names, rows, strict=True)])
    pruned = scores("pruned", [(name, 0, row[2], row[3]) for name, row in zip(names, rows, strict=True)])
    prompts = stage_prompts(
        {name: (float(row[4]), float(row[5])) for name, row in zip(names, rows, strict=True)}
    )
    first, second = (pruned, full) if swap else (full, pruned)
    try:
        pairs, counts = curate_pairs(
            first, second, prompts, TARGETS, curation(visual_quality=tau, dynamic_degree=tau)
        )
    except UserError:
        return set(), None, None
    return set(zip(pairs["prompt_id"], pairs["property"], strict=True)), pairs, counts


@settings(max_examples=60, derandomize=True, deadline=None)
@given(rows=ROWS, tau=SCORE)
def test_every_pair_satisfies_the_inequality(rows, tau):
    identities, pairs, counts = curated(rows, {"value": tau})
    expected = {
        (f"p{index}", name)
        for index, row in enumerate(rows)
        for name, full, pruned, speaks in (
            (TARGETS[0], row[0], row[2], row[4]),
            (TARGETS[1], row[1], row[3], row[5]),
        )
        if speaks and full > pruned > tau
    }
    assert identities == expected
    if pairs is not None:
        assert ((pairs["winner_score"] > pairs["loser_score"]) & (pairs["loser_score"] > tau)).all()
        assert (pairs["margin"] > 0).all()
        assert pairs["pair_id"].is_unique
        assert (counts["not_better"] + counts["too_bad"] + counts["kept"] == counts["candidates"]).all()


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    rows=ROWS, low=st.integers(0, 10), rise=st.integers(0, 10), kind=st.sampled_from(["value", "quantile"])
)
def test_raising_tau_never_adds_pairs(rows, low, rise, kind):
    scale = 5 if kind == "value" else 20
    loose, _, _ = curated(rows, {kind: low / scale})
    strict, _, _ = curated(rows, {kind: (low + rise) / scale})
    assert strict <= loose


@settings(max_examples=60, derandomize=True, deadline=None)
@given(rows=ROWS, tau=SCORE)
def test_swapping_full_and_pruned_gives_disjoint_pairs(rows, tau):
    pairs, _, _ = curated(rows, {"value": tau})
    swapped, _, _ = curated(rows, {"value": tau}, swap=True)
    assert not pairs & swapped


def test_no_pairs_at_all_says_why_and_what_to_do():
    with pytest.raises(UserError) as error:
        curate_pairs(FULL, PRUNED, PROMPTS, ["visual_quality"], curation(visual_quality={"value": 4.0}))
    assert "visual_quality: 4 candidates, 1 not better, 3 at or below tau 4.000" in str(error.value)
    assert "lower pair_curation.thresholds" in str(error.value)
    assert "\n" not in str(error.value)


def test_clips_of_different_prompts_are_refused():
    with pytest.raises(UserError, match="4 clips and pruned_scores 2, of which only 2 share"):
        curate_pairs(FULL, PRUNED.head(2), PROMPTS, TARGETS, curation())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"value": 2.0, "quantile": 0.1}, "exactly one of value and quantile"),
        ({}, "exactly one of value and quantile"),
        ({"quantile": 1.5}, "less than or equal to 1"),
        ({"quantil": 0.5}, "quantil"),
    ],
)
def test_impossible_thresholds_are_refused(fields, message):
    with pytest.raises(ValidationError, match=message):
        Threshold(**fields)


def test_thresholds_name_every_property_and_no_other():
    some = {"value": 2.0}
    with pytest.raises(
        ValidationError, match="'visual_qualty', which is no property; did you mean visual_quality"
    ):
        PairCuration({"visual_qualty": some}, 0.5, None)
    with pytest.raises(
        ValidationError, match="1 of 4 properties, without temporal_consistency, dynamic_degree"
    ):
        PairCuration({"visual_quality": some}, 0.5, None)


def test_the_pipeline_checks_its_parameters_and_makes_both_tables():
    pipe = create_pipeline()
    assert {node.name for node in pipe.nodes} == {"pairs"}
    assert all(node.tags == {"pair_curation"} for node in pipe.nodes)
    assert is_pydantic_dataclass(curate_pairs.__annotations__["settings"])
    inputs = {
        "full_scores": FULL,
        "pruned_scores": PRUNED,
        "stage_prompts": PROMPTS,
        "target_properties": TARGETS,
        "params:pair_curation": curation(),
    }
    catalog = DataCatalog({name: MemoryDataset(data, copy_mode="assign") for name, data in inputs.items()})
    made = SequentialRunner().run(pipe, catalog)
    assert set(made) == {"pairs", "pair_counts"}
    assert len(made["pairs"].load()) == made["pair_counts"].load()["kept"].sum()
