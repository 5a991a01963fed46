"""Begin a dialect: its folder, its tests, and its place among the vendors. Its tests start red and say what comes next.

The template is the tree that is made: in paths NAME stands for the name, in texts $name, $NAME and $title.
"""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "scripts" / "template"
DIALECTS = Path("src/ringbook/dialects")

_NAME = re.compile(r"[a-z][a-z0-9_]{1,29}")
_VENDORS = re.compile(r"^VENDORS: tuple\[Dialect, \.\.\.\] = \(([^)]*)\)$", re.MULTILINE)
_IMPORT = re.compile(r"^from ringbook\.dialects\.\w+ import .+$", re.MULTILINE)
_LONGEST_LINE = 120


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        return refuse("Say which: make new-dialect NAME=acme")
    (name,) = arguments
    fault = fault_of(name)
    if fault:
        return refuse(fault)
    register(name)
    for path in make(name):
        print(path)
    print(f"\nNext: make test ARGS=tests/dialects/{name}. Each failure says what to write, and where.")
    return 0


def fault_of(name: str) -> str | None:
    """Why there can be no dialect of this name, as a sentence; None if there can."""
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        return f"{name!r} is no name for a folder of Python: small letters, digits and _, 2 to 30, a letter first."
    if any((ROOT / place / name).exists() for place in (DIALECTS, "tests/dialects")):
        return f"There is a dialect {name} already."
    return None


def make(name: str) -> list[Path]:
    """Write the template's files for this name; their paths."""
    words = {"name": name, "NAME": name.upper(), "title": name.replace("_", " ").title()}
    made: list[Path] = []
    for source in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        place = str(source.relative_to(TEMPLATE)).replace("NAME", name).removesuffix(".template")
        target = ROOT / place
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        made.append(Path(place))
    return made


def register(name: str) -> None:
    """Add the dialect to VENDORS and its import above, in their order."""
    file = ROOT / DIALECTS / "__init__.py"
    text = file.read_text(encoding="utf-8")
    vendors = _VENDORS.search(text)
    assert vendors is not None, f"{file} has no line VENDORS: tuple[Dialect, ...] = (...)"
    entries = [entry.strip() for entry in vendors[1].split(",") if entry.strip()] + [name.upper()]
    text = text.replace(vendors[0], _line_of(entries))
    imports = _IMPORT.findall(text)
    ordered = sorted([*imports, f"from ringbook.dialects.{name} import {name.upper()}"])
    text = text.replace("\n".join(imports), "\n".join(ordered))
    file.write_text(text, encoding="utf-8")


def _line_of(entries: list[str]) -> str:
    line = f"VENDORS: tuple[Dialect, ...] = ({', '.join(entries)}{',' if len(entries) == 1 else ''})"
    if len(line) <= _LONGEST_LINE:
        return line
    return "\n".join(["VENDORS: tuple[Dialect, ...] = (", *(f"    {entry}," for entry in entries), ")"])


def refuse(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
