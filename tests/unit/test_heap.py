"""glibc is asked to keep freed memory, and takes the values; elsewhere nothing is asked.

What it saves depends on the work: tests/benchmarks has no ratio of it, docs/log.md one measurement.
"""

import platform
import sys

import pytest

from vip import heap


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_glibc_takes_the_values():
    assert heap.keep_freed_memory()


def test_elsewhere_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not heap.keep_freed_memory()
