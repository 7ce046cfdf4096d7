"""The web servers where an agency's attachments lie: asked, read and hashed a piece at a time.

    look    what the server says of a file (HEAD): is it there, how large, and what changes when it does
    read    its hash and its type, told by its bytes (GET)
    pieces  its bytes once more, for who sends them: if they are not those that were hashed, the last piece is kept back

Asked are only addresses of the list, which is looked at again before each exchange; how one is bounded: web_line.py.
May import: core, errors, folder, web_line, the standard library. Nothing raised here holds an address.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from connector.core.attachments import MEDIA_TYPES, SIGNATURE_BYTES, type_of
from connector.core.model import Fate, SourceFile
from connector.core.web_addresses import WebAddress, read_address
from connector.errors import SourceError
from connector.sources.folder import PIECE_BYTES, ChangedError, Limits
from connector.sources.web_line import Answer, Lines, TroubleError, is_whole, length_of, piece_of, version_of

LOOK_S = 10.0
"""An exchange without content is over by then."""

PATIENCE = 10
"""After so many exchanges in a row that failed, the server counts as away: each may have taken all of its time."""

_ABSENT = frozenset({404, 410})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = 200


class Web:
    """One agency's files at web addresses below `allowed`. For one thread at a time; `pieces` for any.

    read_s: how long all waiting for one file's content may take."""

    def __init__(self, allowed: Sequence[WebAddress], agency: str, limits: Limits, read_s: float) -> None:
        self._allowed = tuple(allowed)
        self._agency = agency
        self._limits = limits
        self._read_s = read_s
        self._lines = Lines(is_secure=any(one.scheme == "https" for one in allowed))
        self._failed = 0

    def check(self) -> None:
        """Return if somebody answers at every server of the list. Raises SourceError E-SOURCE-FILE-WEB."""
        for address in {one.origin: one for one in self._allowed}.values():
            try:
                with self._lines.asked("HEAD", address, LOOK_S) as answer:
                    answer.read()
            except TroubleError as trouble:
                if not trouble.reached:
                    self._count(trouble)

    def look(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file with what its server says of size and change, both 0 where it does not say both; LATER
        where it does not answer now. Raises SourceError where it is away."""
        address = self._address(file)
        if address is None:
            return replace(file, fate=Fate.UNSAFE) if file.fate is Fate.NAMED else file
        try:
            with self._lines.asked("HEAD", address, LOOK_S) as answer:
                answer.read()  # there is nothing to read, and the connection may be kept
                status, size, version = answer.status, length_of(answer), version_of(answer)
        except TroubleError as trouble:
            self._count(trouble)
            return replace(file, fate=Fate.LATER)
        if status in _PASSING:
            self._count(TroubleError(f"HTTP {status}", reached=True))
            return replace(file, fate=Fate.LATER)
        self._failed = 0
        if status in _ABSENT:
            return replace(file, fate=Fate.ABSENT)
        if status != _OK or not size or not version:  # many a server knows no HEAD: reading tells
            return file
        seen = replace(file, size_bytes=size, modified_ns=version)
        return replace(seen, fate=Fate.TOO_LARGE) if size > self._limits.max_bytes else seen

    def read(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file that was looked at as READY, with hash and type, or with what keeps it from going. Raises
        SourceError where its server is away."""
        address = self._address(file)
        if address is None:
            return replace(file, fate=Fate.UNSAFE) if file.fate is Fate.NAMED else file
        try:
            with self._content(address) as answer:
                found = self._judged(file, address, answer)
        except TroubleError as trouble:
            self._count(trouble)
            return replace(file, fate=Fate.UNREADABLE)
        self._failed = 0
        return found

    def pieces(self, path: str, size_bytes: int, sha256: str) -> Iterator[bytes]:
        """Give the bytes of a file that was read before. Raises ChangedError before the last of them where they are
        others by now, or cannot be read."""
        address = self._address(SourceFile(path, Fate.NAMED))
        digest, left = hashlib.sha256(), size_bytes
        if address is None:
            raise ChangedError
        try:
            with self._content(address) as answer:
                if answer.status != _OK or not is_whole(answer):
                    raise ChangedError
                while left:
                    piece = piece_of(answer, min(PIECE_BYTES, left))
                    digest.update(piece)
                    left -= len(piece)
                    if not piece or (not left and digest.hexdigest() != sha256):
                        raise ChangedError
                    yield piece
        except TroubleError:
            raise ChangedError from None

    def _judged(self, file: SourceFile, address: WebAddress, answer: Answer) -> SourceFile:
        if answer.status in _ABSENT:
            return replace(file, fate=Fate.ABSENT)
        if answer.status != _OK or not is_whole(answer):
            return replace(file, fate=Fate.UNREADABLE)
        said, version = length_of(answer), version_of(answer)
        digest, first, last, size = hashlib.sha256(), b"", b"", 0
        while piece := piece_of(answer, PIECE_BYTES):
            digest.update(piece)
            if len(first) < SIGNATURE_BYTES:
                first = (first + piece)[:SIGNATURE_BYTES]
            last = (last + piece)[-SIGNATURE_BYTES:]
            size += len(piece)
            if size > self._limits.max_bytes:
                return replace(file, fate=Fate.TOO_LARGE)
        if said is not None and size != said:
            return replace(file, fate=Fate.UNREADABLE)
        if not size:
            return replace(file, fate=Fate.EMPTY)
        found = type_of(first, last, address.path)
        if found not in self._limits.types:
            return replace(file, fate=Fate.TYPE)
        return replace(
            file,
            fate=Fate.READY,
            size_bytes=size,
            modified_ns=version if said is not None else 0,
            sha256=digest.hexdigest(),
            media_type=MEDIA_TYPES[found],
        )

    def _address(self, file: SourceFile) -> WebAddress | None:
        """The address of a NAMED file, None where it is not on the list."""
        found = read_address(file.path) if file.fate is Fate.NAMED else None
        return found if found is not None and found.is_below(self._allowed) else None

    def _count(self, trouble: TroubleError) -> None:
        self._failed += 1
        if not trouble.reached or self._failed >= PATIENCE:
            self._failed = 0
            # Else each of its files would count as one that cannot be read, and each would cost its whole time.
            raise SourceError("E-SOURCE-FILE-WEB", agency=self._agency, error=trouble.error)

    def _content(self, address: WebAddress) -> AbstractContextManager[Answer]:
        return self._lines.asked("GET", address, self._read_s, self._limits.max_bytes)

    def close(self) -> None:
        """Close what is kept open."""
        self._lines.close()
