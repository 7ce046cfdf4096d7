"""What this account may not do with a file or folder: found out and named, so that nobody looks for a bug or a backup.

May import: errors, the standard library.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from connector.errors import ConfigError

_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def lacking(path: Path) -> ConfigError | None:
    """Return what keeps this account from reading and writing the file at `path`, and from making files beside it (as
    SQLite does): the first folder or file in the way, and the right that is missing. None: nothing does.

    A file or folder that is not there yet is in nobody's way: the nearest folder above it counts."""
    path = path.absolute()
    above = [folder for folder in reversed(path.parents) if folder == Path(path.anchor) or _is_there(folder)]
    for folder in above:
        if not _may(folder, os.X_OK):
            return _denied(folder, "enter")
    if _is_there(path):
        for mode, right in ((os.R_OK, "read"), (os.W_OK, "write")):
            if not _may(path, mode):
                return _denied(path, right)
    return None if _may(above[-1], os.W_OK) else _denied(above[-1], "write")


def left_for_another(path: Path, account: int | None = None) -> ConfigError | None:
    """Return the error to tell where this account is root and the store at `path`, or the folder that it would be made
    in, is somebody else's. Root may write there, but the files it leaves lock the owner's own daemon out. None: go on.

    account: the number to judge by, by default this process's own."""
    if not hasattr(os, "geteuid"):
        return None
    account = os.geteuid() if account is None else account
    path = path.absolute()
    nearest = next(each for each in (path, *path.parents) if _is_there(each))
    if account != 0 or nearest.stat().st_uid == 0:
        return None
    return ConfigError("E-ACCESS-ROOT", path=str(nearest), owner=_owner(nearest))


def explained(error: OSError) -> ConfigError | None:
    """Return the error to tell where the system has refused a file to this account, None if it has not."""
    if error.errno not in _DENIED or not isinstance(error.filename, str):
        return None
    path = Path(error.filename)
    return lacking(path) or _denied(path, "use")


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def _denied(path: Path, right: str) -> ConfigError:
    return ConfigError("E-ACCESS", path=str(path), account=_account(), right=right, owner=_owner(path))


def _account() -> str:
    """Return whose rights count: not the name that somebody gives for the log."""
    return _name_of(os.geteuid()) if hasattr(os, "geteuid") else os.environ.get("USERNAME", "?")


def _owner(path: Path) -> str:
    try:
        return _name_of(path.stat().st_uid)
    except OSError:
        return "?"


def _name_of(uid: int) -> str:
    try:
        import pwd  # noqa: PLC0415  not on every system

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"uid {uid}"
