"""What the database says when it cannot go on, as the error whose remedy helps; and looking for damage before it bites.

May import: access, disk, errors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlcipher3.dbapi2
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from connector import access, disk
from connector.errors import DiskError, KntcError, LockedError, StoreError

_DATABASE = (DatabaseError, sqlite3.Error, sqlcipher3.dbapi2.Error)
"""Of the library, and of the two drivers where they are used without it."""

_MASK = 0xFF
"""The low byte of SQLite's extended result code is the plain one."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what has a remedy as its own error: locked, disk full, damaged, no right; everything else as it is.

    SQLite has rolled the transaction back in all these cases: what is on disk is what was there before it."""
    try:
        yield
    except _DATABASE as error:
        if found := explained(error, path):
            raise found from None
        raise
    except OSError as error:
        if full := disk.explained(error, path.parent):
            raise full from None
        raise


def explained(error: Exception, path: Path) -> KntcError | None:
    """Return the error to tell for what the database said of the store at `path`, None if it is a fault of ours."""
    if is_busy(error):
        return LockedError("E-STORE-BUSY", file=str(path))
    if denied := access.lacking(path):  # taken away while we were at work
        return denied
    if full := refused(error, path.parent):
        return full
    code = _code(error)
    if code == sqlite3.SQLITE_CANTOPEN:  # its journal or its index could not be made
        return disk.lacking(path.parent, disk.RESERVE_BYTES)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreError("E-STORE-DAMAGED", file=str(path))
    return None


def is_busy(error: Exception) -> bool:
    """Return whether somebody else holds the file."""
    said = str(getattr(error, "orig", error))
    return "locked" in said or "busy" in said


def is_no_database(error: Exception) -> bool:
    """Return whether not even the first page could be read: damage there and a wrong key look the same."""
    return _code(error) == sqlite3.SQLITE_NOTADB


def refused(error: Exception, folder: Path) -> DiskError | None:
    """Return the error of a disk that did not take what a driver or the system wrote in `folder`, None if it did."""
    if isinstance(error, OSError):
        return disk.explained(error, folder)
    code = _code(error)
    if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
        return disk.refusal(folder, full=code == sqlite3.SQLITE_FULL)
    return None


def _code(error: Exception) -> int:
    return int(getattr(getattr(error, "orig", error), "sqlite_errorcode", 0)) & _MASK


def is_damaged(connection: Connection, *, encrypted: bool) -> bool:
    """Read the whole main file and return whether a page of it is not what was written, or does not fit the others.

    Under encryption every page carries a keyed checksum, so one flipped bit shows; a plain file shows only what breaks
    its structure. Some 100 MB a second. What lies in the WAL has checksums of its own, and the head file behind it."""
    if encrypted and connection.execute(text("PRAGMA cipher_integrity_check")).first() is not None:
        return True
    return bool(connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok")
