"""What is known of an agency's log before its first entry, where a prefix of it was exported and pruned. Reads only.

An `audit.pruned` entry explains exactly one beginning: that of the log whose first entry follows the one it names. What
must outlive the pruned entries stands in it: what they said about keys and about lost tails, and the digest of the
states that they told last, with the receipts that they named (`pruned_version`).
May import: chain, verifier, tables. Not `audit`, which asks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, LargeBinary, cast, select

from connector import verifier
from connector.core.chain import GENESIS, Head, fields_of
from connector.store.tables import AuditEntry, PrunedVersion, table_of
from connector.verifier import PRUNED, Pruned

_audit = table_of(AuditEntry)
_version = table_of(PrunedVersion)


def first(connection: Connection, agency: str) -> Head:
    """Return what the first entry says of the one before it; place 0 where there is no entry."""
    found = select(_audit.c.seq, cast(_audit.c.content, LargeBinary).label("content"))
    row = connection.execute(found.where(_audit.c.agency == agency).order_by(_audit.c.seq).limit(1)).first()
    if row is None:
        return Head(agency, 0, GENESIS)
    fields = fields_of(row.content)  # not the column beside it, which nothing holds in its place
    return Head(agency, row.seq - 1, fields[3] if fields and isinstance(fields[3], str) else "")


def standing(connection: Connection, agency: str) -> Pruned | None:
    """Return the prune that explains where the log begins, None where it has its beginning, or none explains it.

    Its entry is believed as it stands: whoever asks has verified the chain, or is about to."""
    begins = first(connection, agency)
    if not begins.seq:
        return None
    for row in reversed(of_events(connection, agency, [PRUNED])):
        try:
            fields = orjson.loads(row.content)
            said = verifier.read_pruned(row.seq, fields[4], fields[12]) if fields[5] == PRUNED else None
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # verifying the chain names it
        if said is not None and said.through == (begins.seq, begins.hash):
            return said
    return None


def of_events(connection: Connection, agency: str, events: Sequence[str]) -> list[Any]:
    """Return the few entries of rare events, oldest first: `seq`, `event`, `content`. Uses ix_audit_event.

    Put in order here: asked for it, SQLite walks along the whole log in that order instead."""
    found = select(_audit.c.seq, _audit.c.event, _audit.c.content)
    rows = connection.execute(found.where(_audit.c.agency == agency, _audit.c.event.in_(events)))
    return sorted(rows, key=lambda row: row.seq)


def beginning(connection: Connection, agency: str) -> Head:
    """Return the place from which the chain must be followed: that of the last pruned entry, else before the first."""
    said = standing(connection, agency)
    return Head(agency, *said.through) if said else Head(agency, 0, GENESIS)


def told(connection: Connection, agency: str) -> Iterator[tuple[str, str, int, str, list[str]]]:
    """Yield kind, local id, version and state of what pruned entries told last, and the hashes of the receipts that
    they named, in the order of the digest."""
    order = (_version.c.kind, _version.c.local_id, _version.c.version)
    for row in connection.execute(select(_version).where(_version.c.agency == agency).order_by(*order)):
        named = [row.receipts[at : at + 64] for at in range(0, len(row.receipts), 64)]
        yield row.kind, row.local_id, row.version, row.state, named


def lines(connection: Connection, agency: str) -> Iterator[bytes]:
    """Yield the same as lines of JSON: what the digest in the entry is made of, and what an export holds."""
    return (orjson.dumps(one) + b"\n" for one in told(connection, agency))


def told_digest(connection: Connection, agency: str) -> str:
    """Return the SHA-256 of these lines."""
    digest = hashlib.sha256()
    for line in lines(connection, agency):
        digest.update(line)
    return digest.hexdigest()
