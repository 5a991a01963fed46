from __future__ import annotations

from scripts.dialects_page import PAGE, page

from ringbook.dialects import ALL


def test_the_page_of_dialects_says_what_the_route_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python scripts/dialects_page.py`"


def test_every_operation_of_every_dialect_is_on_the_page() -> None:
    text = page()
    for dialect in ALL:
        for operation in dialect.operations:
            assert f"`{operation.method} {operation.path}`" in text
