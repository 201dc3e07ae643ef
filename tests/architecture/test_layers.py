"""The layers of pyproject.toml hold: the method knows nothing of Kedro and MLflow, nodes are pure."""

import subprocess
import sys
from pathlib import Path


def test_import_contracts_are_kept(root):
    linter = Path(sys.executable).parent / "lint-imports"
    told = subprocess.run([linter, "--no-cache"], cwd=root, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout
    assert "0 broken" in told.stdout
