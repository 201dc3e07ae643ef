"""Two processes under torchrun train as one does, also where a batch cannot be shared evenly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

CHANGES = {"epochs": 1, "batch_size": 6, "sft_weight": "auto", "gradient_clip": 0.1, "ema_decay": 0.5}
"""Seven pairs: a batch of six, and one of a single pair, of which the second process gets none."""

PROGRAM = """
import importlib.util, pathlib, sys
spec = importlib.util.spec_from_file_location("worlds", sys.argv[1])
worlds = sys.modules["worlds"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worlds)
worlds.tiny_world(pathlib.Path(sys.argv[2])).train(**eval(sys.argv[3]))
"""


@pytest.mark.slow
def test_two_processes_train_as_one(world, tmp_path) -> None:
    world.train(**CHANGES)
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    conftest = Path(__file__).with_name("conftest.py")
    subprocess.run(
        [*launcher, str(program), str(conftest), str(tmp_path / "two"), repr(CHANGES)],
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
        timeout=300,
    )
    one, two = (final_weights(path) for path in (world.checkpoints.path, tmp_path / "two" / "checkpoints"))
    for name, weight in one.items():
        torch.testing.assert_close(two[name], weight, rtol=0, atol=1e-6)


def final_weights(path: Path) -> dict[str, torch.Tensor]:
    (folder,) = path.glob("*/step_00000002")
    return load_file(folder / "weights.safetensors")
