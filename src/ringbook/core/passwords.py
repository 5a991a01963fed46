"""Passwords: argon2 for logins, and Digest's HA1, which is as good as the password and therefore encrypted."""

from __future__ import annotations

import hashlib
import hmac

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from cryptography.fernet import Fernet, InvalidToken


class Passwords:
    """Hashes with one key: Fernet's, from a file outside the database and its dumps."""

    def __init__(self, key: bytes, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._cipher = Fernet(key)
        self._key = key

    def hashed(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        """Whether the hash is this password's. It takes a tenth of a second, and is for a thread of its own."""
        try:
            return self._hasher.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False

    def signature(self, purpose: str, text: bytes) -> bytes:
        """What only this place can say of `text`, for this purpose: 32 bytes."""
        return hmac.digest(hmac.digest(self._key, purpose.encode(), "sha256"), text, "sha256")

    def sealed(self, text: bytes) -> bytes:
        """`text`, encrypted."""
        return self._cipher.encrypt(text)

    def opened(self, sealed: bytes) -> bytes | None:
        """What was sealed; None if that was with another key file."""
        try:
            return self._cipher.decrypt(sealed)
        except InvalidToken:
            return None

    def digest_ha1(self, login: str, realm: str, password: str) -> bytes:
        """The encrypted HA1 of RFC 7616 with MD5, which Bright Pattern 3.x's clients use."""
        ha1 = hashlib.md5(f"{login}:{realm}:{password}".encode(), usedforsecurity=False).hexdigest()
        return self._cipher.encrypt(ha1.encode())

    def opened_ha1(self, encrypted: bytes) -> str | None:
        """The HA1; None if it was encrypted with another key file."""
        try:
            return self._cipher.decrypt(encrypted).decode()
        except InvalidToken:
            return None
