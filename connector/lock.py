"""The stage lock: one run at a time touches source and network. Free again after kill -9.

It is held by the operating system and not by a file's existence, so it is never taken over by deleting something.
May import: filelock, disk, errors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from connector import disk
from connector.errors import LockedError

LOCK_FILE = "stage.lock"
HOLDER_FILE = "stage.holder"


@dataclass(slots=True)
class Held:
    """The lock while a run holds it.

    is_ours: whether it still is; no more where somebody has deleted or replaced the file, for then another process can
    hold the new one. after_death: the holder before died, and nobody has cleared up after it yet; whoever does so takes
    it back, else the next holder is told again."""

    is_ours: Callable[[], bool]
    after_death: bool


@contextmanager
def held(folder: Path, at: datetime) -> Iterator[Held]:
    """Hold the lock in this folder. Raises LockedError that names the holder, and DiskError."""
    lock = FileLock(folder / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LockedError("E-LOCKED", holder=_named(folder)) from None
    ours = _identity(folder)

    def is_ours() -> bool:
        return _identity(folder) == ours

    # Who ends in order takes its note away, also on a full disk; who dies leaves it.
    given = Held(is_ours, after_death=(folder / HOLDER_FILE).exists())
    try:
        note = f"pid {os.getpid()} {at.isoformat(timespec='seconds')}"
        _note(folder, note)
        yield given
    finally:
        if is_ours() and not given.after_death:  # before it is free: afterwards the note may be another one's
            (folder / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


def _note(folder: Path, text: str) -> None:
    try:
        (folder / HOLDER_FILE).write_text(text, encoding="ascii")
    except OSError as error:
        if full := disk.explained(error, folder):
            raise full from None
        raise


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = (folder / LOCK_FILE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def holder(folder: Path) -> str | None:
    """Return who holds the lock just now ("pid 7 …"), None if nobody does or none can tell.

    Read from its note, and never by trying the lock: whoever asked would hold it for that moment, and a run that began
    then was refused. BUG(lock): after a kill -9, a stranger that got the same process number is taken for the holder,
    until the next run; nothing but `status` believes it."""
    noted = _named(folder)
    pid = noted.removeprefix("pid ").partition(" ")[0]
    return noted if pid.isdecimal() and _is_alive(int(pid)) else None


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # there is no harmless signal; the note is all there is
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _named(folder: Path) -> str:
    try:
        return (folder / HOLDER_FILE).read_text(encoding="ascii")[:100]
    except OSError:
        return "?"
