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


@pytest.mark.parametrize("path", sorted(DOCS.glob("evidence/*.csv")), ids=lambda path: path.stem)
def test_tables_of_sweeps_are_what_their_results_say(path: Path) -> None:
    results = pd.read_csv(path, dtype={"value": str})
    assert path.with_suffix(".md").read_text().endswith(as_markdown(results))


def differences_in(text: str) -> set[str]:
    return set(DIFFERENCE.findall(plain(text)))


def tables_of(*names: str) -> set[str]:
    """Every difference in these tables; in all of them where none is named."""
    paths = [DOCS / "evidence" / f"{name}.md" for name in names] or DOCS.glob("evidence/*.md")
    return set().union(*(differences_in(path.read_text()) for path in paths))


COLUMNS = {
    "AnimateDiff type": tables_of("shapes", "shapes_40_percent"),
    "flow transformer": tables_of("shapes_wan", "shapes_wan_fresh"),
    "3D U-Net": tables_of("shapes_unet3d"),
}


def test_every_difference_on_the_page_stands_in_a_table() -> None:
    said = differences_in((DOCS / "evidence.md").read_text())
    assert len(said) > 10
    assert said <= tables_of()


@pytest.mark.parametrize(
    "page", [DOCS / "evidence.md", DOCS.parent / "README.md"], ids=lambda page: page.name
)
def test_a_family_s_column_quotes_the_tables_of_that_family(page: Path) -> None:
    table = next(
        block for block in page.read_text().split("\n\n") if all(f" {name} |" in block for name in COLUMNS)
    )
    header, _, *rows = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
    quoted = {name: differences_in(" ".join(row[header.index(name)] for row in rows)) for name in COLUMNS}
    assert all(quoted.values())
    for name, said in quoted.items():
        assert said <= COLUMNS[name], name


def test_readme_quotes_the_tables_as_well() -> None:
    section = (DOCS.parent / "README.md").read_text().split("## Which method is better?")[1].split("\n## ")[0]
    assert differences_in(section) <= tables_of()
