"""A dialect that `make new-dialect` makes is clean at once, and its tests say what is to be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import repository

MADE = (
    "src/ringbook/dialects/acme/__init__.py",
    "src/ringbook/dialects/acme/handlers.py",
    "src/ringbook/dialects/acme/wire.py",
    "src/ringbook/dialects/acme/errors.py",
    "src/ringbook/dialects/acme/README.md",
    "tests/dialects/acme/__init__.py",
    "tests/dialects/acme/test_acme.py",
    "tests/dialects/acme/captures/README.md",
)


class Tree:
    """A copy of the repository's code."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("src", "tests", "scripts"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(repository() / name, root / name, ignore=ignored, symlinks=True)
        shutil.copy(repository() / "pyproject.toml", root)
        cache = repository() / ".mypy_cache"
        if cache.exists():
            shutil.copytree(cache, root / cache.name)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this environment on the copy's code instead of the repository's."""
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": str(self.root / "src")},
            capture_output=True,
            text=True,
            check=False,
        )

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("scripts/new_dialect.py", *arguments)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy with a dialect acme."""
    tree = Tree(tmp_path_factory.mktemp("new") / "ringbook")
    made = tree.make("acme")
    assert made.returncode == 0, made.stderr
    return tree


def _clean(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_has_all_its_files(tree: Tree) -> None:
    assert [name for name in MADE if not (tree.root / name).is_file()] == []


def test_it_is_the_last_of_the_vendors(tree: Tree) -> None:
    done = tree.run("-c", "from ringbook.dialects import ALL; print(*(dialect.name for dialect in ALL))")
    assert done.stdout.split()[-2:] == ["acme", "native"], done.stderr


def test_its_code_is_formatted_and_linted(tree: Tree) -> None:
    made = ["src/ringbook/dialects/__init__.py", *(name for name in MADE if name.endswith(".py"))]
    _clean(tree.run("-m", "ruff", "format", "--check", *made))
    _clean(tree.run("-m", "ruff", "check", *made))


def test_its_types_hold(tree: Tree) -> None:
    _clean(tree.run("-m", "mypy", "src/ringbook/dialects/acme", "tests/dialects/acme"))


def test_it_keeps_to_the_walls_of_the_house(tree: Tree) -> None:
    _clean(tree.run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"))


def test_each_of_its_tests_is_red_and_says_what_to_write(tree: Tree) -> None:
    done = tree.run("-m", "pytest", "tests/dialects/acme", "-p", "no:cacheprovider", "--tb=line", "-rf")
    assert done.returncode == 1, done.stdout + done.stderr
    assert " passed" not in done.stdout.splitlines()[-1]
    for sentence in (
        "acme has no operation yet: add the first to OPERATIONS in src/ringbook/dialects/acme/__init__.py",
        "acme has no path yet: put what the vendor's paths begin with into prefixes in",
        'acme has no keys yet: add "acme" to KeyDialect in src/ringbook/domain/access.py',
        "acme's errors are still the template's: write the vendor's shape and words into",
        "acme promises nothing yet: write tests/dialects/acme/promises.py",
        "captures/ is empty: record a request and the vendor's answer, with source and date, as",
        "src/ringbook/dialects/acme/README.md is still to be written:",
    ):
        assert sentence in done.stdout


def test_a_second_one_of_the_name_is_refused(tree: Tree) -> None:
    before = (tree.root / "src/ringbook/dialects/__init__.py").read_text()
    again = tree.make("acme")
    assert (again.returncode, again.stderr) == (1, "There is a dialect acme already.\n")
    assert (tree.root / "src/ringbook/dialects/__init__.py").read_text() == before


@pytest.mark.parametrize("name", ["Acme", "1st", "class", "acme-voice", "../acme", "a", "x" * 31, "äcme"])
def test_a_name_that_no_folder_of_python_can_have_is_refused(tree: Tree, name: str) -> None:
    refused = tree.make(name)
    assert refused.returncode == 1
    assert refused.stderr.endswith(
        "is no name for a folder of Python: small letters, digits and _, 2 to 30, a letter first.\n"
    )


def test_without_a_name_it_says_how(tree: Tree) -> None:
    assert tree.make().stderr == "Say which: make new-dialect NAME=acme\n"
