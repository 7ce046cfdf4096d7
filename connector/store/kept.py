"""What decisions were made with: the texts of configurations and mappings, once each, by their digest.

Which of them is in force is an entry of every agency's log, written when it changes. Nothing here is changed or erased.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, insert, select

from connector.core.chain import canonical, digest
from connector.core.model import Actor, Event
from connector.store import marks
from connector.store.db import Tx
from connector.store.tables import Kept, table_of

IN_FORCE = "in_force"
MOST_BYTES = 64 * 2**20
"""No more is unpacked of what is kept."""

_kept = table_of(Kept)


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts that a digest stands for, by file name."""

    what: str
    digest: str
    files: Mapping[str, str]

    @property
    def content(self) -> bytes:
        """The canonical bytes of the files: their hash is in the log."""
        return canonical(dict(self.files))


@dataclass(frozen=True, slots=True)
class Line:
    """One of the list of what is kept."""

    digest: str
    what: str
    kept_at: datetime


def is_in_force(connection: Connection, agency: str, digests: Sequence[str]) -> bool:
    """Return whether the log of an agency says that it is the texts of these digests that decide."""
    found = marks.mark_of(connection, agency, IN_FORCE)
    return found is not None and found[0] == " ".join(digests)


def put_in_force(tx: Tx, agency: str, texts: Sequence[Texts], actor: Actor) -> None:
    """Keep what is not kept yet, and say in the agency's log that it decides from now on: each by its digest, and by
    the hash of what is kept of it."""
    for one in texts:
        if tx.connection.execute(select(_kept.c.digest).where(_kept.c.digest == one.digest)).first() is None:
            packed = zlib.compress(one.content, 9)
            values = {"digest": one.digest, "what": one.what, "kept_at": tx.now, "content": packed}
            tx.connection.execute(insert(_kept).values(values))
    facts: dict[str, str] = {}
    for one in texts:  # an agency may have several mappings: their digests stand side by side
        for name, value in ((one.what, one.digest), (f"{one.what}_kept", digest(one.content))):
            facts[name] = f"{facts[name]} {value}" if name in facts else value
    tx.audit(Event("kept.in_force", agency, actor, tx.now, facts=facts))
    marks.advance(tx, agency, IN_FORCE, " ".join(one.digest for one in texts))


def lines(connection: Connection) -> list[Line]:
    """Return what is kept, oldest first, without the texts."""
    rows = connection.execute(select(_kept.c.digest, _kept.c.what, _kept.c.kept_at).order_by(_kept.c.kept_at))
    return [Line(row.digest, row.what, row.kept_at) for row in rows]


def found(connection: Connection, begin: str) -> list[Texts]:
    """Return what is kept under digests that begin so, at most two: more than one is not one."""
    where = _kept.c.digest.startswith(begin, autoescape=True)
    rows = connection.execute(select(_kept).where(where).order_by(_kept.c.digest).limit(2)).all()
    return [Texts(row.what, row.digest, orjson.loads(_unpacked(row.content))) for row in rows]


def _unpacked(content: bytes) -> bytes:
    return zlib.decompressobj().decompress(content, MOST_BYTES)
