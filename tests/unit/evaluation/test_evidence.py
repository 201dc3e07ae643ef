"""The tables of docs/evidence are what the scores beside them say, and the page says nothing else."""

import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from vip.commands.tables import tables
from vip.evaluation.sweeps_markdown import as_markdown
from vip.evaluation.wording import MINUS

DOCS = Path(__file__).parents[3] / "docs"
FOLDERS = sorted(path.parent for path in DOCS.glob("evidence/*/scores.parquet"))
DIFFERENCE = re.compile(r"[+-]?\d\.\d{3} \[[+-]?\d\.\d{3}, [+-]?\d\.\d{3}\]")


def candidate_of(folder: Path) -> str:
    """The arm that its tables hold the others to: the first that is ReDPO."""
    arms = pd.read_parquet(folder / "scores.parquet", columns=["arm"])["arm"].unique()
    return next(arm for arm in arms if arm.startswith("redpo"))


def plain(text: str) -> str:
    return text.replace(MINUS, "-")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_are_what_the_scores_say(folder: Path) -> None:
    told = CliRunner().invoke(tables, [str(folder), "--candidate", candidate_of(folder)])
    assert told.exit_code == 0, told.output
    assert (DOCS / "evidence" / f"{folder.name}.md").read_text().endswith(told.output)


def test_tables_of_sweeps_are_what_their_results_say() -> None:
    results = pd.read_csv(DOCS / "evidence" / "shapes_sweep.csv", dtype={"value": str})
    assert (DOCS / "evidence" / "shapes_sweep.md").read_text().endswith(as_markdown(results))


def test_every_difference_on_the_page_stands_in_a_table() -> None:
    known = {
        found for path in DOCS.glob("evidence/*.md") for found in DIFFERENCE.findall(plain(path.read_text()))
    }
    said = set(DIFFERENCE.findall(plain((DOCS / "evidence.md").read_text())))
    assert len(said) > 10
    assert said <= known
