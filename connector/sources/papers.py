"""The attachments of an agency, wherever they lie: in its folder, in columns of its database, or on a web server.

    look    size and time; of bytes in the database what their own row has said
    read    hash, and type by the bytes
    pieces  the bytes once more, for who sends them

May import: core, errors, base, folder, web, the standard library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from connector.core.attachments import AT_SOURCE, MEDIA_TYPES, SIGNATURE_BYTES, Attached, stored_at, type_of
from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.core.model import Fate, Kind, SourceFile
from connector.core.web_addresses import is_web_address
from connector.errors import SourceError
from connector.sources.base import Source
from connector.sources.folder import PIECE_BYTES, ChangedError, Folder, Limits
from connector.sources.web import Web


class Papers:
    """folder, web: None where the configuration names none; then only what lies elsewhere is looked at. For one thread
    at a time, as the source is."""

    def __init__(
        self, folder: Folder | None, source: Source, mapping: CompiledMapping, limits: Limits, web: Web | None = None
    ) -> None:
        self._folder = folder
        self._web = web
        self._source = source
        self._mapping = mapping
        self._limits = limits

    def knows(self, attached: Attached | None) -> bool:
        """Return whether files of this kind can be looked at."""
        if attached is None or attached.stored is not None:
            return attached is not None
        return self._at(attached) is not None

    def check(self, attached: Attached) -> None:
        """Return if the place where files of this kind lie is there. Raises SourceError E-SOURCE-FILE-ROOT,
        E-SOURCE-FILE-WEB."""
        place = self._at(attached) if attached.stored is None else None
        if place is not None:
            place.check()

    def look(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file with its size and time, or with what keeps it from being read; any other as it is. LATER:
        its web server does not say so now. Raises SourceError where that server is away."""
        if file.fate is not Fate.NAMED or stored_at(file.path) is None:
            place = self._of(file.path)
            return place.look(file) if place else file
        if not file.size_bytes:
            return replace(file, fate=Fate.EMPTY)
        return replace(file, fate=Fate.TOO_LARGE) if file.size_bytes > self._limits.max_bytes else file

    def read(self, file: SourceFile) -> SourceFile:
        """Return a NAMED file that was looked at as READY, or with what keeps it from going. Raises SourceError where
        the database, or the web server, is away."""
        if file.fate is not Fate.NAMED or stored_at(file.path) is None:
            place = self._of(file.path)
            return place.read(file) if place else file
        digest, first, last, size = hashlib.sha256(), b"", b"", 0
        for piece in self._stored(file.path, file.size_bytes + 1):
            digest.update(piece)
            first = first or piece[:SIGNATURE_BYTES]
            last = (last + piece)[-SIGNATURE_BYTES:]
            size += len(piece)
        if size != file.size_bytes:  # it was changed since its row was read, or the size is not counted in bytes
            return replace(file, fate=Fate.LATER)
        found = type_of(first, last, file.path)
        if found not in self._limits.types:
            return replace(file, fate=Fate.TYPE)
        return replace(file, fate=Fate.READY, sha256=digest.hexdigest(), media_type=MEDIA_TYPES[found])

    def pieces(self, path: str, size_bytes: int, sha256: str) -> Iterator[bytes]:
        """Give the bytes of a file that was read before. Raises ChangedError before the last of them where they are
        others by now, or cannot be read."""
        if stored_at(path) is None:
            place = self._of(path)
            if place is None:
                raise ChangedError
            yield from place.pieces(path, size_bytes, sha256)
            return
        digest, left = hashlib.sha256(), size_bytes
        try:
            for piece in self._stored(path, size_bytes):
                digest.update(piece)
                left -= len(piece)
                if not left and digest.hexdigest() != sha256:
                    raise ChangedError
                yield piece
        except SourceError:
            raise ChangedError from None
        if left:
            raise ChangedError

    def close(self) -> None:
        """Close what is kept open to web servers."""
        if self._web is not None:
            self._web.close()

    def _at(self, attached: Attached) -> Folder | Web | None:
        """Where files of a kind lie, if not in the database."""
        return self._web if attached.url else self._folder

    def _of(self, path: str) -> Folder | Web | None:
        return self._web if is_web_address(path) else self._folder

    def _stored(self, path: str, most: int) -> Iterator[bytes]:
        """The first `most` bytes of what the database holds, a piece and a short transaction at a time."""
        place, start = stored_at(path), 0
        mapping = self._holding(place[0]) if place else None
        if place is None or mapping is None:
            return
        while start < most and (piece := self._source.part(mapping, place[1], start, min(PIECE_BYTES, most - start))):
            yield piece
            start += len(piece)

    def _holding(self, named: str) -> KindMapping | None:
        """The kind whose database holds bytes of this place; None if nobody does any more."""
        kind, _, source = named.partition(AT_SOURCE)
        found = self._mapping.all_of(Kind(kind)) if kind in self._mapping.kinds else ()
        return next((each for each in found if source in ("", each.source)), None)
