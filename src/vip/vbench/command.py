"""VBench as a program in an environment of its own: it pins packages that do not go with ours."""

import json
import logging
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vip.errors import UserError

logger = logging.getLogger(__name__)

PLACES = ("{videos}", "{info}", "{output}", "{dimension}")
"""What a command says: the videos' folder, the prompt list's file, the results' folder, the dimension."""
RESULTS = "*_eval_results.json"
PARTIAL = ("color",)
"""Dimensions whose results leave videos out by design: color, those in which no object is recognised."""


def check_command(command: Sequence[str]) -> None:
    """UserError where there is no command, or it does not say what VBench has to be told."""
    if not command:
        raise UserError(
            "vbench.command is empty; set it to VBench's command in its own environment: "
            '[<environment>/bin/python, -m, vbench.launch.evaluate, --videos_path, "{videos}", '
            '--full_json_dir, "{info}", --output_path, "{output}", --dimension, "{dimension}"]'
        )
    missing = [place for place in PLACES if not any(place in part for part in command)]
    if missing:
        raise UserError(f"vbench.command lacks {', '.join(missing)}; VBench would not know it")


def run_dimension(
    command: Sequence[str], videos: Path, info: Any, dimension: str, hours: float
) -> Mapping[str, Any]:
    """Run the command for one dimension, and read the results file that it leaves.

    UserError, with the last line that it said, where it cannot be started, fails, takes longer than so many
    hours, or leaves no results.
    """
    with tempfile.TemporaryDirectory(prefix="vbench-") as name:
        output = Path(name) / "results"
        output.mkdir()
        listed = Path(name) / "info.json"
        listed.write_text(json.dumps(info), encoding="utf-8")
        values = dict(zip(PLACES, (str(videos.absolute()), str(listed), str(output), dimension), strict=True))
        said = _run([_filled(part, values) for part in command], dimension, hours)
        return _read(output, dimension, said)


def scores_of(results: Mapping[str, Any], dimension: str, expected: Sequence[str]) -> dict[str, float]:
    """The dimension's `score`, and each video's own result by its file name.

    UserError where the dimension or a video is missing in the results, or a value is no number.
    """
    try:
        score, videos = results[dimension]
        values = {Path(each["video_path"]).name: float(each["video_results"]) for each in videos}
        row = {"score": float(score)} | values
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"VBench's results for {dimension} are not a score and its videos ({type(error).__name__}: "
            f"{error}); is vbench.command another version's?"
        ) from None
    strange = sorted(set(values) - set(expected))
    missing = [] if dimension in PARTIAL else sorted(set(expected) - set(values))
    if strange or missing:
        raise UserError(
            f"VBench's results for {dimension} hold {len(values)} videos instead of {len(expected)}: "
            f"{len(missing)} are missing, {len(strange)} unknown ({[*missing, *strange][0]}, ...); "
            "run it again"
        )
    return row


def _filled(part: str, values: Mapping[str, str]) -> str:
    for place, value in values.items():
        part = part.replace(place, value)
    return part


def _run(command: Sequence[str], dimension: str, hours: float) -> str:
    """The last line that it said."""
    logger.info("VBench's %s: %s", dimension, " ".join(command))
    try:
        told = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, errors="replace", check=False, timeout=hours * 3600
        )
    except OSError as error:
        raise UserError(
            f"vbench.command cannot be started ({error}); name VBench's own environment"
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(f"VBench's {dimension} took more than {hours:g} hours; raise vbench.hours") from None
    said = [line for line in (told.stdout + told.stderr).splitlines() if line.strip()]
    last = said[-1].strip() if said else "nothing"
    if told.returncode != 0:
        raise UserError(f"VBench's {dimension} ended with exit code {told.returncode} and said: {last}")
    return last


def _read(output: Path, dimension: str, said: str) -> Mapping[str, Any]:
    files = sorted(output.rglob(RESULTS))
    if len(files) != 1:
        raise UserError(
            f"VBench's {dimension} left {len(files)} files {RESULTS}, 1 is expected, and said: {said}; "
            "does vbench.command write to {output}?"
        )
    try:
        results = json.loads(files[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"VBench's results for {dimension} are not valid JSON ({error}); run it again"
        ) from None
    if not isinstance(results, Mapping):
        raise UserError(
            f"VBench's results for {dimension} are a {type(results).__name__}, not dimensions by name"
        )
    return results
