"""Freed memory stays with the process where glibc is asked to keep it."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from vip.heap import keep_freed_memory

if sys.argv[1] == "kept":
    assert keep_freed_memory()
import torch

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def use():
    for _ in range(3):
        several = [torch.ones(2**20) for _ in range(32)]
        del several

use()
before = faults()
use()
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_memory_is_not_fetched_twice():
    def faults(how: str) -> int:
        told = subprocess.run(
            [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True
        )
        return int(told.stdout)

    assert faults("kept") * 10 < faults("given back")
