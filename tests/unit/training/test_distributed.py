"""Two processes under torchrun train as one does, also where a batch cannot be shared evenly."""

import os
import re
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


BROKEN = """
import importlib.util, os, pathlib, sys
spec = importlib.util.spec_from_file_location("worlds", sys.argv[1])
worlds = sys.modules["worlds"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worlds)
world = worlds.tiny_world(pathlib.Path(sys.argv[2]))
settings = world.settings(method=sys.argv[3], epochs=1, batch_size=2, checkpoint_every=1)
references = world.predictions(settings)
world.clips.full["full3"].latents.fill_(float("nan"))
try:
    worlds.train(world.pruned, world.pairs, world.clips, references, world.checkpoints, settings)
except ValueError as error:
    pathlib.Path(sys.argv[2], f"told_by_{os.environ['RANK']}").write_text(str(error))
"""


@pytest.mark.slow
@pytest.mark.parametrize("method", ["redpo", "sft"])
def test_two_processes_stop_together_and_name_the_same_pair(tmp_path, method) -> None:
    program = tmp_path / "program.py"
    program.write_text(BROKEN)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    conftest = Path(__file__).with_name("conftest.py")
    subprocess.run(
        [*launcher, str(program), str(conftest), str(tmp_path), method],
        env=os.environ | {"GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        check=True,
        timeout=300,
    )
    told = [(tmp_path / f"told_by_{rank}").read_text() for rank in (0, 1)]
    assert told[0] == told[1]
    found = re.match(r"step (\d+): the loss is nan, nothing was updated .*; pairs: pair3\); ", told[0])
    assert found, told[0]
    kept = sorted(tmp_path.glob("checkpoints/*/step_*"))
    assert [int(path.name[-8:]) for path in kept][-1:] == [int(found[1]) - 1][: len(kept)]


def final_weights(path: Path) -> dict[str, torch.Tensor]:
    (folder,) = path.glob("*/step_00000002")
    return load_file(folder / "weights.safetensors")
