"""Where a report comes from: versions, commit, machine, command, models, what scored, settings."""

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vip.evaluation.results import MODEL_NAMES
from vip.evaluation.stages import Evidence, Run

PACKAGES = ("vip", "torch", "diffusers", "transformers", "accelerate", "kedro", "pandas", "plotly")


def versions() -> dict[str, str]:
    """Python's and the packages' versions; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """The commit of the working folder, with `-dirty` where files differ from it; None outside git."""
    git = shutil.which("git")
    if git is None:
        return None
    told = subprocess.run(  # noqa: S603
        [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.strip() or None


def machine() -> str:
    """Operating system, processor cores and, where there is one, the accelerator."""
    import torch

    name = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPU cores"
    return f"{name}, {torch.cuda.get_device_name()}" if torch.cuda.is_available() else name


def command() -> str:
    """The command line that is running, as one would type it."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def now() -> str:
    """Date and time, UTC, to the minute."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def tell(stages: Sequence[Evidence], run: Run) -> dict[str, Any]:
    """All that a report says of where it comes from."""
    models = [("teacher", run.teacher)]
    for evidence in stages:
        models.append((f"stage {evidence.stage}, pruned", evidence.pruned))
        models.append((f"stage {evidence.stage}, student", evidence.student))
    return {
        "versions": versions(),
        "commit": commit(),
        "machine": machine(),
        "command": command(),
        "made": now(),
        "models": [(name, folder.family, folder.fingerprint) for name, folder in models],
        "parameters": json.dumps(run.parameters, indent=2, default=str, ensure_ascii=False),
        "seeds": sorted(_seeds(run.parameters)),
        "record": stages[-1].pruning_record,
        "method": _setting(run.parameters, "redpo_training", "method"),
        "reward": _setting(run.parameters, "scoring", "reward", "name"),
        "rewards": scored_by(stages),
    }


def scored_by(stages: Sequence[Evidence]) -> list[str]:
    """What gave the scores of the page (see `Reward.provenance`): one line, unless rewards were changed."""
    tables = [evidence.scores(model) for evidence in stages for model in MODEL_NAMES]
    return list(dict.fromkeys(line for table in tables for line in table["reward"]))


def _seeds(parameters: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Each pipeline's seed."""
    return [
        (name, values["seed"])
        for name, values in parameters.items()
        if isinstance(values, Mapping) and "seed" in values
    ]


def _setting(parameters: Mapping[str, Any], *path: str) -> str:
    """A parameter by its path; `not stated` where there is none."""
    value: Any = parameters
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return "not stated" if value is None else str(value)
