"""`kedro tables`: from three files to Markdown."""

from pathlib import Path

from click.testing import CliRunner
from tests.unit.evaluation.test_arms import scores_of, sizes_of, steps_of

from vip.commands.tables import tables


def files_in(folder: Path) -> list[str]:
    scores_of("sft", [[1, 2], [3, 6]]).to_parquet(folder / "scores.parquet")
    sizes_of("sft").to_csv(folder / "sizes.csv", index=False)
    steps_of("sft").to_csv(folder / "steps.csv", index=False)
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
