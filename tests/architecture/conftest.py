"""The project as the architecture tests see it."""

from pathlib import Path

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def registered():
    """All registered pipelines by name."""
    bootstrap_project(ROOT)
    return dict(pipelines)
