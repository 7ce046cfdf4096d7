"""Passwords of accounts: which ones are taken, and their argon2id hashes.

A check takes about a tenth of a second of one core and 64 MiB, whether the account exists or not; two at a time, so
that many visitors at the door cannot fill the memory.
May import: argon2, errors.
"""

from __future__ import annotations

import re
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from connector.errors import DataError

SHORTEST, LONGEST = 12, 200
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")

_HASHER = PasswordHasher(time_cost=2, memory_cost=65_536, parallelism=1)
_SEATS = threading.Semaphore(2)
_NOBODYS = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$4dVgLhT0bS0SS0M1mXXy2BmtZKTo2HlLZqTBmrWKVFs"
"""A hash that no password has: for names that are no account's."""


def checked_name(name: str) -> str:
    """Return the name of a new account. Raises DataError E-CONSOLE-NAME."""
    if not NAME.fullmatch(name):
        raise DataError("E-CONSOLE-NAME", name=name[:40])
    return name


def checked(password: str, name: str) -> str:
    """Return a password that may be set. Raises DataError E-CONSOLE-PASSWORD, which holds nothing of it."""
    fits = SHORTEST <= len(password) <= LONGEST and len(set(password)) > SHORTEST // 3
    if not fits or name in password.lower() or any(ord(char) < ord(" ") for char in password):
        raise DataError("E-CONSOLE-PASSWORD", shortest=SHORTEST, longest=LONGEST)
    return password


def hashed(password: str) -> str:
    """Return the hash to keep."""
    with _SEATS:
        return _HASHER.hash(password)


def is_right(password: str, kept: str | None) -> bool:
    """Return whether the password is the one of this hash; as slowly for no hash at all."""
    with _SEATS:
        try:
            return _HASHER.verify(kept or _NOBODYS, password[: LONGEST + 1]) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def is_dated(kept: str) -> bool:
    """Return whether a hash was made with less work than is done now."""
    return _HASHER.check_needs_rehash(kept)
