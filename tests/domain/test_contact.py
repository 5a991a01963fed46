"""Who is somebody else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ringbook.domain.contact import Contact

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "other", "somebody_else"),
    [
        ("900", "901", True),
        ("900", "900", False),
        ("AB-1", "ab-1", False),
        ("", "901", False),
        (None, "901", False),
        ("900", None, False),
        ("900", "", False),
    ],
)
def test_only_another_customer_id_makes_somebody_else(own: Any, other: str | None, somebody_else: bool) -> None:
    contact = Contact(1, 0, {"customer_id": own}, 0, NOON, NOON)
    assert contact.is_somebody_else(other) is somebody_else
