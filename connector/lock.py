"""The stage lock: one run at a time touches source and network. Free again after kill -9.

It is held by the operating system and not by a file's existence, so it is never taken over by deleting something.
May import: filelock, errors.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from connector.errors import LockedError

LOCK_FILE = "stage.lock"
HOLDER_FILE = "stage.holder"


@contextmanager
def held(folder: Path, at: datetime) -> Iterator[None]:
    """Hold the lock in this folder. Raises LockedError that names the holder."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError("E-LOCKED", holder=_named(folder)) from None
    try:
        note = f"pid {os.getpid()} {at.isoformat(timespec='seconds')}"
        (folder / HOLDER_FILE).write_text(note, encoding="ascii")
        yield
    finally:
        lock.release()


def holder(folder: Path) -> str | None:
    """Return who holds the lock just now ("pid 7 …", "?" if it did not say), None if nobody does or none can tell."""
    if not (folder / LOCK_FILE).exists():
        return None
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _named(folder)
    except OSError:
        return None
    lock.release()
    return None


def _named(folder: Path) -> str:
    try:
        return (folder / HOLDER_FILE).read_text(encoding="ascii")[:100]
    except OSError:
        return "?"
