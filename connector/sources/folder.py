"""The folder where an agency's attachments lie: looked at, read and hashed a piece at a time, never written.

    look    what the disk says of a file: is it there, how large, changed when; nothing is opened
    read    its hash and its type, told by its bytes; the file must rest, and stand still meanwhile
    pieces  its bytes once more, for who sends them: if they are not those that were hashed, the last piece is kept back

A path is walked name by name, each below the one before, and no symbolic link is followed: whatever a name says, and
whoever changes the folder meanwhile, nothing outside of the root is ever opened.
May import: core, errors, the standard library.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from connector.core.attachments import MEDIA_TYPES, SIGNATURE_BYTES, type_of
from connector.core.model import Fate, SourceFile
from connector.errors import SourceError

PIECE_BYTES = 256 * 1024
"""So much of a file is in memory at a time."""

REST_S = 10.0
"""A file that was changed less than this ago may still be half written."""

_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # O_NONBLOCK: a pipe must not keep us waiting
_TO_WALK = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC


class ChangedError(Exception):
    """The file is not the one that was hashed. Not all of its bytes were given away."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is sent: files of at most so many bytes, of these types (names of MEDIA_TYPES)."""

    max_bytes: int = 20_000_000
    types: frozenset[str] = frozenset(MEDIA_TYPES)


class Folder:
    """One agency's folder of attachments. Keeps nothing open; safe to use from any thread."""

    def __init__(self, root: Path, agency: str, limits: Limits, now: Callable[[], float] = time.time) -> None:
        self._root = root
        self._agency = agency
        self._limits = limits
        self._now = now

    def check(self) -> None:
        """Return if the folder is there and holds anything. Raises SourceError E-SOURCE-FILE-ROOT: of a share that is
        not mounted every file would look as if it were gone."""
        try:
            with os.scandir(self._root) as found:
                if next(found, None) is not None:
                    return
            error = "empty"
        except OSError as failed:
            error = type(failed).__name__
        raise SourceError("E-SOURCE-FILE-ROOT", agency=self._agency, error=error)

    def look(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file with its size and time, or with what keeps it from being read; any other as it is."""
        if file.fate is not Fate.NAMED:
            return file
        try:
            with self._parent(file.path) as (folder, name):
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError as failed:
            return replace(file, fate=_fate_of(failed))
        return self._judged(file, found)

    def read(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file that was looked at as READY, with hash and type, or with what keeps it from going."""
        if file.fate is not Fate.NAMED:
            return file
        try:
            with self._opened(file.path) as opened:
                before = self._judged(file, os.fstat(opened))
                if before.fate is not Fate.NAMED:
                    return before
                digest, first, last = _hashed(opened, before.size_bytes)
                after = os.fstat(opened)
        except OSError as failed:
            return replace(file, fate=_fate_of(failed))
        if not digest or (after.st_size, after.st_mtime_ns) != (before.size_bytes, before.modified_ns):
            return replace(before, fate=Fate.LATER)
        found = type_of(first, last, file.path)
        if found not in self._limits.types:
            return replace(before, fate=Fate.TYPE)
        return replace(before, fate=Fate.READY, sha256=digest, media_type=MEDIA_TYPES[found])

    def pieces(self, path: str, size_bytes: int, sha256: str) -> Iterator[bytes]:
        """Give the bytes of a file that was read before. Raises ChangedError before the last of them where they are
        others by now, or none."""
        digest, left = hashlib.sha256(), size_bytes
        try:
            with self._opened(path) as opened:
                if os.fstat(opened).st_size != size_bytes:
                    raise ChangedError
                while left:
                    piece = os.read(opened, min(PIECE_BYTES, left))
                    digest.update(piece)
                    left -= len(piece)
                    if not piece or (not left and digest.hexdigest() != sha256):
                        raise ChangedError
                    yield piece
        except OSError:
            raise ChangedError from None

    def _judged(self, file: SourceFile, found: os.stat_result) -> SourceFile:
        seen = replace(file, size_bytes=found.st_size, modified_ns=found.st_mtime_ns)
        if stat.S_ISLNK(found.st_mode):
            return replace(seen, fate=Fate.UNSAFE)
        if not stat.S_ISREG(found.st_mode):
            return replace(seen, fate=Fate.UNREADABLE)
        if not found.st_size:
            return replace(seen, fate=Fate.EMPTY)
        if found.st_size > self._limits.max_bytes:
            return replace(seen, fate=Fate.TOO_LARGE)
        if 0 <= self._now() - found.st_mtime < REST_S:
            return replace(seen, fate=Fate.LATER)
        return seen

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        with self._parent(path) as (folder, name):
            opened = os.open(name, _TO_READ, dir_fd=folder)
        try:
            yield opened
        finally:
            os.close(opened)

    @contextmanager
    def _parent(self, path: str) -> Iterator[tuple[int, str]]:
        """Give the open folder in which a path's last name stands, and that name as the disk spells it."""
        *folders, last = path.split("/")
        at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in folders:
                below = os.open(_spelt(name, at), _TO_WALK, dir_fd=at)
                os.close(at)
                at = below
            yield at, _spelt(last, at)
        finally:
            os.close(at)


def _spelt(name: str, folder: int) -> str:
    """The name as it stands in the folder: a disk may keep accents composed, decomposed, or as they were typed."""
    if name.isascii():
        return name
    for spelling in dict.fromkeys((name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name))):
        try:
            os.stat(spelling, dir_fd=folder, follow_symlinks=False)
        except OSError:
            continue
        return spelling
    return name


def _fate_of(error: OSError) -> Fate:
    """What an error of the disk says: a link where a folder or file should be is never followed."""
    if isinstance(error, FileNotFoundError):
        return Fate.ABSENT
    if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENOTDIR):
        return Fate.UNSAFE
    return Fate.UNREADABLE


def _hashed(opened: int, size_bytes: int) -> tuple[str, bytes, bytes]:
    """Return the hash of an open file with its first and last bytes; "" where it has not as many as it said."""
    digest, first, last, left = hashlib.sha256(), b"", b"", size_bytes
    while left and (piece := os.read(opened, min(PIECE_BYTES, left))):
        digest.update(piece)
        first = first or piece[:SIGNATURE_BYTES]
        last = (last + piece)[-SIGNATURE_BYTES:]
        left -= len(piece)
    return ("" if left else digest.hexdigest()), first, last
