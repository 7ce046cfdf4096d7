"""Which commune of today a person has chosen for an address whose old unit was divided.

Kept as marks, one per record and address: the name ends in a commitment to the address as entered, the value is one to
the address and the commune together. So a choice tells nothing to whoever has the store without the evidence key, and
it is over when the address is entered otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.chain import canonical
from connector.core.model import Actor, Event, Kind, Operation, RecordKey
from connector.store import marks
from connector.store.db import Tx
from connector.store.keys import newest_of_record
from connector.store.tables import Delivery, Mark, Record, table_of

_mark = table_of(Mark)
_record = table_of(Record)
_delivery = table_of(Delivery)
_ENDING = 16


def said(address: Mapping[str, Any], commune: str) -> bytes:
    """Return what a choice commits to."""
    return canonical([dict(address), commune])


def choose(
    tx: Tx, key: RecordKey, field: str, address: Mapping[str, Any], commune: str, actor: Actor, reason: str
) -> None:
    """Put a person's name under the commune that an address of a record is in now; an earlier choice for this very
    address is replaced. `field`: the pattern of the address in its document."""
    ending = tx.commitment(key.agency, canonical(dict(address)))[:_ENDING]
    marks.advance(tx, key.agency, _prefix(key) + ending, tx.commitment(key.agency, said(address, commune)))
    event = Event("place.chosen", key.agency, actor, tx.now, key, facts={"field": field})
    tx.audit_with_reason(event, reason)


def of_kind(connection: Connection, agency: str, kind: Kind) -> dict[str, frozenset[str]]:
    """Return what was chosen, by local id. Uses the primary key."""
    rows = connection.execute(select(_mark.c.name, _mark.c.value).where(*_under(agency, f"place.{kind}."))).all()
    found: dict[str, set[str]] = {}
    for name, value in rows:
        found.setdefault(name.removeprefix(f"place.{kind}.")[: -_ENDING - 1], set()).add(value)
    return {local_id: frozenset(values) for local_id, values in found.items()}


def open_bodies(connection: Connection, agency: str, kind: Kind) -> Iterator[tuple[RecordKey, str, bytes]]:
    """Yield key, digest and document of every record of a kind that is in clear and has a text: its newest version."""
    columns = (_record.c.local_id, _delivery.c.digest, _delivery.c.body)
    where = (
        _record.c.agency == agency,
        _record.c.kind == kind,
        _delivery.c.operation == Operation.PUT,
        _delivery.c.concealed.is_(False),
        _delivery.c.digest.is_not(None),
        _delivery.c.body.is_not(None),
    )
    for row in connection.execute(select(*columns).join(_delivery, newest_of_record()).where(*where)):
        yield RecordKey(agency, kind, row.local_id), row.digest, row.body


def forget(tx: Tx, key: RecordKey) -> None:
    """Forget every choice of a record of which nothing may be kept."""
    tx.connection.execute(delete(_mark).where(*_under(key.agency, _prefix(key))))


def _prefix(key: RecordKey) -> str:
    return f"place.{key.kind}.{key.local_id}."


def _under(agency: str, prefix: str) -> tuple[ColumnElement[bool], ...]:
    """The marks whose names begin so. `/` follows `.`, so this is one range of the index."""
    return (_mark.c.agency == agency, _mark.c.name >= prefix, _mark.c.name < f"{prefix[:-1]}/")
