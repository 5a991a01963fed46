"""Passwords, HA1 and signatures, all under one key."""

from __future__ import annotations

from cryptography.fernet import Fernet

from ringbook.core.passwords import Passwords


def test_a_password_is_known_by_its_hash(passwords: Passwords) -> None:
    hashed = passwords.hashed("secret")
    assert "secret" not in hashed
    assert passwords.verify(hashed, "secret")
    assert not passwords.verify(hashed, "Secret")
    assert not passwords.verify("no hash", "secret")


def test_an_ha1_is_opened_with_its_own_key_alone(passwords: Passwords) -> None:
    kept = passwords.digest_ha1("kim", "acme", "secret")
    assert passwords.opened_ha1(kept) == "56caf35abf8c4670ae2a2cbd27a6f80c"  # MD5 of kim:acme:secret
    assert Passwords(Fernet.generate_key()).opened_ha1(kept) is None


def test_a_signature_is_of_one_key_one_purpose_and_one_text(passwords: Passwords) -> None:
    signature = passwords.signature("tokens", b"text")
    assert len(signature) == 32
    assert signature == passwords.signature("tokens", b"text")
    others = [
        passwords.signature("other", b"text"),
        passwords.signature("tokens", b"other"),
        Passwords(Fernet.generate_key()).signature("tokens", b"text"),
    ]
    assert signature not in others
