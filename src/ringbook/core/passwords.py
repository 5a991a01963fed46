"""Passwords: argon2 for logins, and Digest's HA1, which is as good as the password and therefore encrypted."""

from __future__ import annotations

import hashlib

from argon2 import PasswordHasher
from cryptography.fernet import Fernet


class Passwords:
    """Hashes with one key: Fernet's, from a file outside the database and its dumps."""

    def __init__(self, key: bytes) -> None:
        self._hasher = PasswordHasher()
        self._cipher = Fernet(key)

    def hashed(self, password: str) -> str:
        return self._hasher.hash(password)

    def digest_ha1(self, login: str, realm: str, password: str) -> bytes:
        """The encrypted HA1 of RFC 7616 with MD5, which Bright Pattern 3.x's clients use."""
        ha1 = hashlib.md5(f"{login}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()
        return self._cipher.encrypt(ha1.encode())

    def opened_ha1(self, encrypted: bytes) -> str:
        return self._cipher.decrypt(encrypted).decode()
