"""Scopes and secrets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ringbook.domain.access import User, digest, implied, new_secret, scopes_of


def test_admin_writes_and_who_writes_reads() -> None:
    assert implied(frozenset({"admin"})) == {"read", "contact", "write", "admin"}
    assert implied(frozenset({"write"})) == {"read", "contact", "write"}
    assert implied(frozenset({"read"})) == {"read"}
    assert implied(frozenset()) == implied(frozenset({"unheard-of"})) == frozenset()


def test_an_agent_changes_people_a_supervisor_lists_and_an_administrator_everything() -> None:
    agent, trusted = User(1, "kim", "agent", ()), User(2, "sam", "agent", ("manage_lists",))
    assert scopes_of(agent) == {"read", "contact"}
    assert scopes_of(trusted) == scopes_of(User(3, "lee", "supervisor", ())) == {"read", "contact", "write"}
    assert scopes_of(User(4, "ada", "admin", ())) == {"read", "contact", "write", "admin"}


@given(st.text(alphabet=st.characters(codec=None)))
def test_any_text_can_be_tried_as_a_secret(text: str) -> None:
    assert len(digest(text)) == 32


def test_secrets_are_long_and_never_the_same() -> None:
    assert len(new_secret()) == 67
    assert new_secret() != new_secret()
