"""Arms one by one: the second makes nothing that the first one made; all are runs below one of MLflow."""

import csv
import re
import sqlite3

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("integration")]

OPINIONS = ("inverse_rendering", "shapes_classifier")
OWN = {"evaluation_clips", "reward_score_items", *(f"second_opinion_{name}_score_items" for name in OPINIONS)}
"""What an arm that differs in its training alone has to make of its own."""


def compare(project, arms: str) -> str:
    chosen = f"--params=stages=1,comparison.only=[{arms}],comparison.seeds=[0]"
    return project.kedro("run", "--env=test", "--pipeline=comparison", chosen).stdout


def made_in(told: str) -> dict[tuple[str, str], int]:
    """Items made, by run and dataset, as the run told of them."""
    found, place = {}, ("", "")
    for line in told.splitlines():
        if step := re.search(r"\] ([\w ]+) seed (\d+) stage \d+(?:, )?([a-z]*: [a-z ]+)$", line.rstrip()):
            name = step[3].removeprefix(": ").replace(": ", ".").replace(" ", "_")
            place = (f"{step[1].replace(' ', '_')}_seed_{step[2]}", name)
        elif count := re.search(r"\d+ items, (\d+) to make", line):
            found[place] = int(count[1])
    return found


def test_arms_share_what_is_the_same_and_may_come_one_by_one(project):
    first = made_in(compare(project, "redpo"))
    of_redpo = {name: count for (run, name), count in first.items() if run == "redpo_seed_0"}
    assert of_redpo["full_clips"] == 8
    assert of_redpo["reference_predictions"] > 0

    told = compare(project, "redpo,sft")
    assert "data/test/08_reporting/comparison.html" in told
    second = made_in(told)
    assert {run for run, _ in second} == {"sft_seed_0"}
    of_sft = {name: count for (_, name), count in second.items()}
    assert {name for name, count in of_sft.items() if count} == OWN
    assert {"full_clips", "pruned_clips", "candidate_clips", "reference_predictions"} <= set(of_sft)

    made = project.files("data/test/08_reporting")
    differences = made["data/test/08_reporting/comparison_differences.csv"].decode().splitlines()
    assert len(differences) == 1 + 5 * 3
    assert all(line.startswith('"redpo","sft",') for line in differences[1:])
    assert b"Of <b>15</b> differences of redpo" in made["data/test/08_reporting/comparison.html"]

    told = project.kedro(
        "run",
        "--env=test",
        "--pipeline=sweep",
        "--params=stages=1,sweep.only=[pairs],sweep.sweeps.pairs.values=[2]",
    ).stdout
    assert "data/test/08_reporting/sweep.html" in told
    swept = made_in(told)
    del swept["", ""]  # judgements of the development prompts, which belong to no run
    trained = {run for run, name in swept if not name.startswith("development.")}
    assert trained == {"pairs_2_seed_0"}, "the default's run is the comparison's"
    assert {run for run, _ in swept} == {"pairs_2_seed_0", "redpo_seed_0"}
    assert not any(
        swept["pairs_2_seed_0", name] for name in ("full_clips", "pruned_clips", "candidate_clips")
    )
    table = project.files("data/test/08_reporting")["data/test/08_reporting/sweep.csv"].decode().splitlines()
    assert len(table) == 1 + 2 * 3 * 5
    assert [row[14] for row in csv.reader(table[1:]) if row[:2] == ["pairs", "2"]] == ["2.0"] * 15

    with sqlite3.connect(project.path / "mlflow.db") as database:
        parents = database.execute(
            "select child.name, parent.name, child.status, parent.run_uuid from runs as child"
            " join tags on tags.run_uuid = child.run_uuid and tags.key = 'mlflow.parentRunId'"
            " join runs as parent on parent.run_uuid = tags.value order by child.name, parent.name"
        ).fetchall()
        metrics = {row[0] for row in database.execute("select distinct key from metrics")}
    assert len({uuid for _, name, _, uuid in parents if name == "comparison"}) == 1, "two commands, one run"
    assert [row[:3] for row in parents] == [
        ("pairs 2 seed 0", "sweep", "FINISHED"),
        ("redpo seed 0", "comparison", "FINISHED"),
        ("redpo seed 0", "sweep", "FINISHED"),
        ("sft seed 0", "comparison", "FINISHED"),
    ]
    assert {"stage_1.reward.average", "stage_1.training.loss", "stage_1.parameters"} <= metrics
    assert {f"{name}.average.redpo_minus_sft.low" for name in OPINIONS} <= metrics
    assert {f"stage_1.{name}.average" for name in OPINIONS} <= metrics
    assert "pairs.reward.average.pairs_2.low" in metrics
