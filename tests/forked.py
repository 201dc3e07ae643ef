"""Things done in forked processes of one thread, which may die: heavy libraries are imported once for all."""

import importlib
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

HEAVY = (
    "accelerate",
    "av",
    "diffusers.models.autoencoders.autoencoder_kl",
    "diffusers.models.unets.unet_motion_model",
    "diffusers.pipelines.animatediff.pipeline_animatediff",
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
    "tests.unit.training.conftest",
    "vip.families.animatediff",
)
"""Imported by the process that forks, so that no child has to."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(list(HEAVY))


PATIENCE = 300.0
"""Seconds after which processes that wait for each other are given up."""


@dataclass(frozen=True)
class Told:
    """How a forked command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """All that it printed."""
        return self.stdout + self.stderr


def forked(function: Callable[..., Any], *arguments: Any, **environment: str) -> int:
    """Call a module's function in a process of its own; its exit code, or minus the signal that ended it."""
    (code,) = _ended([_begin(environment, function, *arguments)])
    return code


def forked_together(count: int, function: Callable[..., Any], *arguments: Any) -> list[int]:
    """Call it in so many processes at once, which find each other as those of torchrun do."""
    with socket.create_server(("localhost", 0)) as free:
        port = str(free.getsockname()[1])
    place = {"MASTER_ADDR": "localhost", "MASTER_PORT": port, "GLOO_SOCKET_IFNAME": "lo"}
    shared = place | {"WORLD_SIZE": str(count)}
    ranks = [{"RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(count)]
    return _ended([_begin(shared | rank, function, *arguments) for rank in ranks])


def forked_kedro(folder: Path, *arguments: str, **environment: str) -> Told:
    """`kedro <arguments>` in a folder."""
    with TemporaryDirectory() as kept:
        printed = Path(kept) / "stdout", Path(kept) / "stderr"
        code = forked(_kedro, folder, arguments, printed, **environment)
        return Told(code, *(path.read_text() for path in printed))


def _begin(environment: dict[str, str], function: Callable[..., Any], *arguments: Any) -> BaseProcess:
    process = _context.Process(target=_call, args=(environment, function, *arguments))
    process.start()
    return process


def _ended(processes: list[BaseProcess]) -> list[int]:
    """Their exit codes; a process that does not end is no process that was killed."""
    for process in processes:
        process.join(PATIENCE)
    if late := [process for process in processes if process.exitcode is None]:
        for process in late:
            process.kill()
        raise TimeoutError(f"{len(late)} of {len(processes)} processes did not end in {PATIENCE:g} s")
    return [cast("int", process.exitcode) for process in processes]


def _call(environment: dict[str, str], function: Callable[..., Any], *arguments: Any) -> None:
    os.environ |= environment
    importlib.import_module("torch").set_num_threads(1)
    function(*arguments)


def _kedro(folder: Path, arguments: tuple[str, ...], printed: tuple[Path, Path]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    for stream, path in zip((1, 2), printed, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    sys.argv = ["kedro", *arguments]
    importlib.import_module("kedro.framework.cli.cli").main()
