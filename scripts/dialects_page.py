"""Writes docs/dialects.md from the route tables: what is covered, what is open to everybody, and what is not there yet.

python scripts/dialects_page.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ringbook.dialects import ALL
from ringbook.web.dialect import AnyOperation, Dialect, NotYet, OpenOperation, Operation

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "dialects.md"
SURVIVAL = ROOT / "tests" / "dialects" / "survival.md"
"""Which field survives the way from one dialect to another: tests/dialects/test_across_dialects.py writes it."""

_INTRODUCTION = """\
# What Ringbook answers

Written by `python scripts/dialects_page.py` from the route tables in `src/ringbook/dialects`: change those, not this
page. `ringbook dialects` prints the same, and `/v1/openapi.json?dialect=NAME` describes each with its types.
"""


def page() -> str:
    """The whole page."""
    sections = (line for dialect in ALL for line in _section(dialect))
    return "\n".join([_INTRODUCTION, *_overview(), *sections, SURVIVAL.read_text(encoding="utf-8")])


def _overview() -> Iterator[str]:
    yield "| dialect | covered | open | not yet |"
    yield "|---|---|---|---|"
    for dialect in ALL:
        counts = [len(_of(dialect, kind)) for kind in (Operation, OpenOperation, NotYet)]
        yield f"| [{dialect.title}](#{dialect.name}) | " + " | ".join(str(count) for count in counts) + " |"
    yield ""


def _section(dialect: Dialect) -> Iterator[str]:
    yield f'## <a id="{dialect.name}"></a>{dialect.title}'
    yield ""
    for title, kind, about in (
        ("Covered", Operation, "what"),
        ("Open: no credential needed", OpenOperation, "what"),
        ("Not yet: answers in the vendor's shape and is logged", NotYet, "why"),
    ):
        operations = _of(dialect, kind)
        if operations:
            yield f"### {title}"
            yield ""
            yield f"| call | {about} |"
            yield "|---|---|"
            for operation in operations:
                yield f"| `{operation.method} {operation.path}` | {_about(operation)} |"
            yield ""


def _of(dialect: Dialect, kind: type[AnyOperation]) -> list[AnyOperation]:
    return [operation for operation in dialect.operations if isinstance(operation, kind)]


def _about(operation: AnyOperation) -> str:
    text = operation.why if isinstance(operation, NotYet) else operation.summary
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
