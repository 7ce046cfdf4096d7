"""The contents of attachments that the national side holds: of each agency, by the SHA-256 of their bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

SCHEMA = """
CREATE TABLE IF NOT EXISTS content (
  agency TEXT, sha256 TEXT, media TEXT NOT NULL, body BLOB NOT NULL, times INTEGER NOT NULL,
  PRIMARY KEY (agency, sha256));
"""


class Kept(NamedTuple):
    """One content; `times`: how often it was sent, and came whole."""

    sha256: str
    media: str
    body: bytes
    times: int


class Contents:
    """`transaction` gives the connection of the state for one transaction."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[sqlite3.Connection]]) -> None:
        self._transaction = transaction

    def take(self, agency: str, sha256: str, media: str, body: bytes) -> bool:
        """Keep a content, and return whether it is new; a repeated one only counts."""
        with self._transaction() as db:
            row = db.execute(
                "INSERT INTO content VALUES (?, ?, ?, ?, 1)"
                " ON CONFLICT (agency, sha256) DO UPDATE SET times = times + 1 RETURNING times",
                (agency, sha256, media, body),
            ).fetchone()
        return bool(row[0] == 1)

    def has(self, agency: str, sha256: str) -> bool:
        """Return whether this agency has sent a content."""
        with self._transaction() as db:
            found = db.execute("SELECT 1 FROM content WHERE agency = ? AND sha256 = ?", (agency, sha256)).fetchone()
        return found is not None

    def of(self, agency: str) -> list[Kept]:
        """Return what an agency has sent."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT sha256, media, body, times FROM content WHERE agency = ? ORDER BY sha256", (agency,)
            ).fetchall()
        return [Kept(*row) for row in rows]
