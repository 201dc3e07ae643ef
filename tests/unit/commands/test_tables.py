"""`kedro tables`: from three files to Markdown."""

from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from tests.unit.evaluation.test_arms import scores_of, sizes_of, steps_of

from vip.commands.tables import tables


def files_in(folder: Path, *arms: str) -> list[str]:
    arms = arms or ("redpo", "sft")
    scores = [scores_of(arm, [[1, 2], [3, 6]]) for arm in arms]
    pd.concat(scores).to_parquet(folder / "scores.parquet")
    sizes_of(*arms).to_csv(folder / "sizes.csv", index=False)
    steps_of(*arms).to_csv(folder / "steps.csv", index=False)
    return [str(folder), "--resamples", "100"]


def test_it_tells_what_the_scores_say(tmp_path: Path) -> None:
    told = CliRunner().invoke(tables, files_in(tmp_path))
    assert told.exit_code == 0, told.output
    assert "| sft | 1 | 3.000 |" in told.output
    assert "(100 resamples)" in told.output


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    arguments = files_in(tmp_path)
    (tmp_path / "steps.csv").unlink()
    told = CliRunner().invoke(tables, arguments)
    assert told.exit_code == 1
    assert told.output.startswith(f"Error: {tmp_path}/steps.csv is missing; give the folder")


@pytest.mark.parametrize(
    ("arms", "candidate", "known"),
    [
        (["redpo", "sft"], ["--candidate", "rdpo"], "redpo, sft with --candidate; did you mean redpo?"),
        (["full", "redpo_to_40_percent"], [], "full, redpo_to_40_percent with --candidate"),
    ],
)
def test_a_candidate_that_is_no_arm_is_refused_with_those_that_are(
    tmp_path: Path, arms: list[str], candidate: list[str], known: str
) -> None:
    told = CliRunner().invoke(tables, [*files_in(tmp_path, *arms), *candidate])
    assert told.exit_code == 1
    asked = candidate[-1] if candidate else "redpo"
    assert told.output == f"Error: the scores in {tmp_path} have no arm {asked!r}; name one of {known}\n"


def test_a_file_from_before_the_others_ends_in_one_line(tmp_path: Path) -> None:
    arguments = files_in(tmp_path)
    sizes_of("redpo").to_csv(tmp_path / "sizes.csv", index=False)
    told = CliRunner().invoke(tables, arguments)
    assert told.exit_code == 1
    assert told.output.startswith("Error: arm sft, stage 1, seed 0 has scores but no sizes")


def test_steps_of_an_older_version_are_refused_in_one_line(tmp_path: Path) -> None:
    arguments = files_in(tmp_path)
    steps_of("redpo", "sft").drop(columns="trained_with").to_csv(tmp_path / "steps.csv", index=False)
    told = CliRunner().invoke(tables, arguments)
    assert told.exit_code == 1
    assert told.output.startswith(f"Error: {tmp_path}/steps.csv has no column 'trained_with', it has arm, ")
    assert told.output.endswith("; run the comparison again\n")
