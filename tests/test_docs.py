"""Documents that can go stale: links, commands, calls, words, locks. What they name must be there."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from typer.core import TyperGroup
from typer.main import get_command

from ringbook import __version__
from ringbook.cli.commands import app
from ringbook.cli.demo import sample_calls
from tests.conftest import repository

ROOT = repository()
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("src/**/README.md")]
)
LATER = {"backup", "restore"}
"""Commands that the documents name as not there yet. When one comes, the documents change."""

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_MAKE = re.compile(r"(?:^|`)(?:\w+=\S+ )?make ([a-z][a-z-]*)", re.MULTILINE)
_RINGBOOK = re.compile(r"(?:^|`)ringbook ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)
_SOMEWHERE = re.compile(r"/work\b|/root\b|/home/|pypi|pythonhosted|npmjs|docker\.io", re.IGNORECASE)

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def _anchors(page: Path) -> set[str]:
    """What a link into this page may name: headings as code hosts spell them, and anchors written out."""
    text = _CODE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    spelled = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return spelled | set(re.findall(r'<a id="([^"]+)">', text))


def _matches(pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    for page in PAGES:
        yield from pattern.finditer(page.read_text("utf-8"))


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        if anchor:
            assert anchor in _anchors(target), link


@every_page
def test_no_machine_and_no_registry_is_named(page: Path) -> None:
    assert not _SOMEWHERE.search(page.read_text("utf-8"))


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.* ## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = {match[1] for match in _matches(_MAKE)}
    assert {"demo", "test", "check", "new-dialect"} <= named <= targets


def test_every_command_that_is_named_is_there() -> None:
    ringbook = get_command(app)
    assert isinstance(ringbook, TyperGroup)
    for match in _matches(_RINGBOOK):
        name, word = match[1], match[2]
        if name in LATER:
            continue
        assert name in ringbook.commands, match[0]
        command = ringbook.commands[name]
        if word and isinstance(command, TyperGroup):
            assert word in command.commands, match[0]
    assert not LATER & set(ringbook.commands), "it is there now: the documents say that it is not"


def test_the_readmes_calls_are_the_demos() -> None:
    calls = re.findall(r"^curl .+$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    assert len(calls) == 5
    assert set(calls) <= set(sample_calls("http://127.0.0.1:8080"))


def test_the_glossary_has_every_noun_of_the_domain() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text("utf-8")
    modules = {path.name for path in (ROOT / "src/ringbook/domain").glob("*.py")} - {"__init__.py"}
    assert [name for name in sorted(modules) if f"domain/{name}" not in glossary] == []


def test_the_glossary_is_in_order_and_has_each_word_once() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text("utf-8")
    words = [word.strip("`_").casefold() for word in re.findall(r"^(?:<a[^>]*></a>)?\*\*([^*]+)\*\*", glossary, re.M)]
    assert words == sorted(set(words))


def test_modules_that_are_named_are_there() -> None:
    for match in _matches(re.compile(r"`((?:domain|core|store|web|cli|background|dialects)/[\w./]+\.(?:py|sql|md))`")):
        if "NNNN" not in match[1]:
            assert (ROOT / "src/ringbook" / match[1]).exists() or (ROOT / "tests" / match[1]).exists(), match[1]


def test_what_operators_are_told_is_said_in_the_code() -> None:
    joints = re.compile(r'"\s*\n?\s*f?"')
    code = "\n".join(joints.sub("", path.read_text("utf-8")) for path in (ROOT / "src/ringbook").rglob("*.py"))
    _, table = (ROOT / "docs/operating.md").read_text("utf-8").split("## What its sentences mean")
    sentences = re.findall(r"^\| (?!sentence|---)(.+?) \|", table, re.MULTILINE)
    assert sentences
    for sentence in sentences:
        for part in re.split(r"…|\(.*?\)|: Address already in use|as nobody|\d+", sentence):
            told = part.strip(" .:,)")
            assert len(told) < 8 or told in code, sentence


def test_decisions_are_numbered_and_name_what_was_not_taken() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    for number, page in enumerate(pages, start=1):
        text = page.read_text("utf-8")
        assert page.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number}. ")
        assert "**Not taken.**" in text


def test_the_changelog_knows_this_version() -> None:
    assert __version__ in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("kind", ["", "dev", "bench"])
def test_the_locks_pin_what_pyproject_asks(kind: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    groups = project["dependency-groups"]
    wanted = {"": [], "dev": ["dev"], "bench": ["dev", "bench"]}[kind]
    asked = [*project["project"]["dependencies"], *(line for group in wanted for line in groups[group])]
    lock = (ROOT / f"requirements{'-' if kind else ''}{kind}.lock").read_text("utf-8")
    pinned = dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE))
    for requirement in map(Requirement, asked):
        found = pinned.get(re.sub(r"[-_.]+", "-", requirement.name).lower(), "none")
        assert found != "none" and found in requirement.specifier, f"{requirement} ({found} is pinned): run make lock"
    assert "://" not in lock
