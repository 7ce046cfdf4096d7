"""Whether the disk takes what we write: found out and named, so that nobody looks for a bug or a damaged file.

May import: errors, the standard library.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector import access
from connector.errors import DiskError

RESERVE_BYTES = 32 * 2**20
"""Room that a run wants to see before it begins: some commits, their journal, and the published mirror."""

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
