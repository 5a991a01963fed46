"""Scopes and secrets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.access import digest, implied, new_secret


def test_admin_writes_and_who_writes_reads() -> None:
    assert implied(frozenset({"admin"})) == {"read", "write", "admin"}
    assert implied(frozenset({"write"})) == {"read", "write"}
    assert implied(frozenset({"read"})) == {"read"}
    assert implied(frozenset()) == implied(frozenset({"unheard-of"})) == frozenset()


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_can_be_tried_as_a_secret(text: str) -> None:
    assert len(digest(text)) == 32


def test_secrets_are_long_and_never_the_same() -> None:
    assert len(new_secret()) == 67
    assert new_secret() != new_secret()
