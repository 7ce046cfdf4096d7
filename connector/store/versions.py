"""The texts of one record's versions, what hangs on it, and what the national side has confirmed of it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from connector.core.model import KINDS, Kind, RecordKey
from connector.store import comparisons, records
from connector.store.keys import of_key
from connector.store.tables import Delivery, ReconcileItem, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_item = table_of(ReconcileItem)

MOST_STEPS_UP = 10
MOST_CHILDREN = 50


@dataclass(frozen=True, slots=True)
class Text:
    """One version's document, None where it has none or it was erased; equal digests, equal texts."""

    version: int
    operation: str
    body: bytes | None
    digest: str


def texts(connection: Connection, key: RecordKey, versions: tuple[int, ...]) -> dict[int, Text]:
    """Return these versions of a key, as far as there are any."""
    columns = (_delivery.c.version, _delivery.c.operation, _delivery.c.body, _delivery.c.digest)
    rows = connection.execute(select(*columns).where(*of_key(_delivery, key), _delivery.c.version.in_(versions)))
    return {row.version: Text(row.version, row.operation, row.body, row.digest or "") for row in rows}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the national side has said it holds of a record: the version of the newest receipt, and what the last
    comparison found. same: whether its version and digest are those of our newest; None: it was in no finding."""

    version: int
    at: datetime | None
    national_id: str
    finding: str = ""
    compared_at: datetime | None = None
    national_version: int = 0
    same: bool | None = None


def confirmed(connection: Connection, key: RecordKey, generation: int) -> Confirmed | None:
    """Return it for this generation of the ledger, None where nothing was confirmed. Uses ix_reconcile_item_key."""
    columns = (_record.c.receipt_generation, _record.c.receipt_version, _record.c.received_at, _record.c.national_id)
    row = connection.execute(select(*columns, _record.c.digest).where(*of_key(_record, key))).first()
    if row is None or row.receipt_generation != generation:
        return None
    run = comparisons.newest(connection, key.agency)
    found = None
    if run is not None:
        mine = select(_item).where(*of_key(_item, key), _item.c.run == run.id)
        found = connection.execute(mine.order_by(_item.c.id.desc())).first()
    known = Confirmed(row.receipt_version, row.received_at, row.national_id or "")
    if run is None or found is None:
        return known
    same = bool(row.digest) and found.national_digest == row.digest
    return Confirmed(
        known.version, known.at, known.national_id, found.finding, run.finished_at, found.national_version, same
    )


def above(connection: Connection, key: RecordKey) -> list[RecordKey]:
    """Return what a record hangs on, the nearest first, as far as the ledger knows it."""
    found: list[RecordKey] = []
    at = key
    while len(found) < MOST_STEPS_UP:
        columns = (_record.c.parent_kind, _record.c.parent_local_id)
        row = connection.execute(select(*columns).where(*of_key(_record, at))).first()
        if row is None or not row.parent_kind:
            break
        at = RecordKey(key.agency, Kind(row.parent_kind), row.parent_local_id)
        if at in (key, *found):
            break
        found.append(at)
    return found


def below(connection: Connection, key: RecordKey) -> list[RecordKey]:
    """Return what hangs on a record directly, in the order of KINDS, MOST_CHILDREN at most. Uses ix_record_parent."""
    rows = connection.execute(
        select(_record.c.kind, _record.c.local_id)
        .where(
            _record.c.agency == key.agency,
            _record.c.parent_kind == key.kind,
            _record.c.parent_local_id == key.local_id,
        )
        .limit(MOST_CHILDREN)
    )
    found = [RecordKey(key.agency, Kind(row.kind), row.local_id) for row in rows]
    return sorted(found, key=lambda one: (KINDS.index(one.kind), one.local_id))


def is_concealed(connection: Connection, key: RecordKey) -> bool:
    """Return whether a record, or anything that it hangs on, is concealed, or may be: then no version of it is shown,
    however it was recorded."""
    return bool(records.concealed_among(connection, key.agency, (key, *above(connection, key))))
