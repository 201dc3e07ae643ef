"""Things done in forked processes, which may die: the heavy libraries are imported once, for all of them."""

import importlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAVY = (
    "accelerate",
    "av",
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_motion_model",
    "diffusers.schedulers.scheduling_ddim",
    "kedro.framework.cli.cli",
    "pandas",
    "plotly.graph_objects",
    "pyarrow.parquet",
    "pytest",
    "safetensors.torch",
    "transformers.models.clip.modeling_clip",
    "vip.datasets",
    "tests.contracts.test_datasets",
    "vip.families.animatediff",
)
"""Imported by the process that forks, so that no child has to."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(HEAVY))


@dataclass(frozen=True)
class Told:
    """How a forked command ended, and what it printed."""

    returncode: int
    text: str


def forked(function: Callable[..., Any], *arguments: Any, fault: str = "") -> int:
    """Call a module's function in a process of its own; its exit code, or minus the signal that ended it."""
    process = _context.Process(target=_call, args=(fault, function, *arguments))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def forked_kedro(folder: Path, *arguments: str, fault: str = "") -> Told:
    """`kedro <arguments>` in a folder."""
    printed = folder / "printed.txt"
    code = forked(_kedro, folder, arguments, printed, fault=fault)
    text = printed.read_text()
    printed.unlink()
    return Told(code, text)


def _call(fault: str, function: Callable[..., Any], *arguments: Any) -> None:
    os.environ |= {"VIP_FAULT": fault, "COLUMNS": "200"}
    function(*arguments)


def _kedro(folder: Path, arguments: tuple[str, ...], printed: Path) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    descriptor = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.argv = ["kedro", *arguments]
    importlib.import_module("kedro.framework.cli.cli").main()
