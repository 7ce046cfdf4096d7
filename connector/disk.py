"""Whether the disk takes what we write: found out and named, so that nobody looks for a bug or a damaged file.

And how a file of ours appears: whole, under its name, never over another one.

May import: errors, the standard library.
"""

from __future__ import annotations

import errno
import glob
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from connector import access
from connector.errors import DiskError

RESERVE_BYTES = 32 * 2**20
"""Room that a run wants to see before it begins: some commits, their journal, and the published mirror."""

LEFTOVER_S = 3_600
"""So old is a draft that nobody works on any more."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED = _FULL | {errno.EFBIG, errno.EIO}


def lacking(folder: Path, needed_bytes: int) -> DiskError | None:
    """Return E-DISK-FULL if less than this is free where the folder lies (the nearest one that is there)."""
    free = _free_bytes(folder)
    if free is None or free >= needed_bytes:
        return None
    return DiskError("E-DISK-FULL", folder=str(folder), free_bytes=free, needed_bytes=needed_bytes)


def explained(error: OSError, folder: Path | None = None) -> DiskError | None:
    """Return the error to tell where the disk did not take what was written, None if it was something else.

    folder: where it was written, if the error does not name the file."""
    if not is_refused(error):
        return None
    place = folder or (Path(error.filename).parent if isinstance(error.filename, str) else None)
    return refusal(place, full=error.errno in _FULL) if place else None


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Give a block in which a write that the disk does not take becomes DiskError, and one that this account may not do
    ConfigError."""
    try:
        yield
    except OSError as error:
        if found := access.explained(error) or explained(error, folder):
            raise found from None
        raise


@contextmanager
def whole(target: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Give a draft beside `target`, that nobody else can read, and the file open for writing. When the block ends
    nothing is left of it but what `place` gave its name. What killed processes left goes once it is an hour old."""
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                leftover.unlink()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    with suppress(FileNotFoundError):
        draft.unlink()  # of a process that had our number
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            yield draft, file
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()


def place(draft: Path, file: BinaryIO, target: Path) -> None:
    """Give a finished draft its name, once all of it is on the disk. Raises FileExistsError where the name is taken.

    If the process dies here, there is either no file or a whole one."""
    file.flush()
    os.fsync(file.fileno())
    try:
        os.link(draft, target)  # unlike a rename, it replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a disk without second names: the gap between looking and renaming stays
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        draft.rename(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def is_refused(error: OSError) -> bool:
    """Return whether this is what the system says of a disk that does not take what was written."""
    return error.errno in _REFUSED


def refusal(folder: Path, *, full: bool) -> DiskError:
    """Return the error of a write that failed in this folder: E-DISK-FULL if the disk is full or nearly so.

    E-DISK-WRITE: there is room, and a quota, a limit or the device is in the way."""
    free = _free_bytes(folder)
    if full or (free is not None and free < RESERVE_BYTES):
        return DiskError("E-DISK-FULL", folder=str(folder), free_bytes=free or 0, needed_bytes=RESERVE_BYTES)
    return DiskError("E-DISK-WRITE", folder=str(folder), free_bytes=free or 0)


def _free_bytes(folder: Path) -> int | None:
    folder = folder.absolute()
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None
