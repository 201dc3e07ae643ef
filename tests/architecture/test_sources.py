"""The rules of the house that no linter checks."""

import ast
import re
import shutil
import subprocess

import pytest

MAXIMUM_FILE = 400
MAXIMUM_FUNCTION = 60


@pytest.fixture(scope="module")
def sources(root):
    paths = sorted((root / "src" / "vip").rglob("*.py"))
    assert len(paths) > 50, "the sources are where they are looked for"
    return paths


@pytest.fixture(scope="module")
def trees(sources):
    return {path: ast.parse(path.read_text()) for path in sources}


def test_files_are_short(sources):
    lengths = {path: len(path.read_text().splitlines()) for path in sources}
    assert {path: length for path, length in lengths.items() if length > MAXIMUM_FILE} == {}


def test_functions_are_short(trees):
    long = {
        f"{path}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= MAXIMUM_FUNCTION
    }
    assert long == {}


def test_nothing_is_printed(trees):
    prints = [
        f"{path}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert prints == []


def test_every_module_and_every_public_name_is_documented(trees):
    bare = [
        f"{path}:{getattr(node, 'lineno', 1)} {getattr(node, 'name', '')}"
        for path, tree in trees.items()
        for node in (tree, *public_definitions(tree))
        if not ast.get_docstring(node)
    ]
    assert bare == []


def test_no_pickle_is_written_or_read(trees):
    in_memory = r"pickle\.dumps\(make\(|pickle\.loads\(built\)$"  # vip.families.outlines
    allowed = re.compile(rf"torch\.load\([^)]*weights_only=True|{in_memory}")
    suspicious = [
        f"{path}: {ast.unparse(node)}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and re.match(r"(torch\.(load|save)|pickle\.\w+|joblib\.\w+)$", ast.unparse(node.func))
        and not allowed.match(ast.unparse(node))
    ]
    assert suspicious == []


def test_no_tracked_file_names_the_machine_it_was_written_on(root):
    git = shutil.which("git")
    assert git, "the project needs git"
    pattern = r"/(work|farm|root|home)/[a-z.]"
    command = [git, "grep", "-nIE", pattern, "--", ":!tests/architecture", ":!data"]
    told = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert told.stdout == ""
    assert told.returncode == 1, told.stderr  # 1: git looked and found nothing


def public_definitions(tree: ast.Module):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
