"""Every family trains on two processes as on one: what `torchrun` and `accelerate launch` start."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.tiny.models import TINY
from tests.tiny.pairs import train_two_steps

from vip.families.folder import ModelFolder

ROOT = Path(__file__).parents[2]
KINDS = sorted({tiny.family for tiny in TINY.values()} | {"wan_two"})


@pytest.mark.slow
def test_two_processes_train_every_family_as_one_does(
    tiny_folder_of: Callable[[str], Path], tmp_path: Path
) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    models = [f"{name}={tiny_folder_of(name)}" for name in KINDS]
    subprocess.run(
        [*launcher, "-m", "tests.tiny.pairs", str(tmp_path / "two"), *models],
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=900,
    )
    for name in KINDS:
        train_two_steps(name, tiny_folder_of(name), tmp_path / "one" / name)
        (weights, curve), (same, same_curve) = (outcome(tmp_path / count / name) for count in ("one", "two"))
        for row, same_row in zip(curve, same_curve, strict=True):
            for quantity in ("loss", "gradient_norm", "dpo_gradient_norm"):
                assert same_row[quantity] == pytest.approx(row[quantity], rel=1e-3), (name, quantity)
        start = ModelFolder(tiny_folder_of(name), TINY[name].family, "").open().trainable()
        assert distance(weights, same) < 0.05 * distance(weights, start), name


def distance(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> float:
    """Of all weights together: single ones, whose gradients are zero but for rounding, may go either way."""
    return sum(float((value - other[name]).square().sum()) for name, value in one.items()) ** 0.5


def outcome(path: Path) -> tuple[dict[str, torch.Tensor], list[dict[str, float]]]:
    """The weights after two steps, and what was measured at each."""
    (folder,) = path.glob("*/step_00000002")
    values = json.loads((folder / "values.json").read_text())["values"]
    return load_file(folder / "weights.safetensors"), values["curve"]
