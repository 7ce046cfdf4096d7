"""The mirror of national statuses, and `mirror.sqlite`, its published C1-only copy.

An event is applied once, whatever comes twice or late; the record's national `sequence` alone orders. The mirror has
no foreign key to deliveries: the nation also knows records that we never sent.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

from connector.core import statuses
from connector.core.model import Actor, Event, Held, RecordKey, State, StatusUpdate
from connector.errors import DataError
from connector.store import erasure, trouble
from connector.store.db import Tx
from connector.store.keys import Rows, changing, chunks, given, of_key
from connector.store.tables import Delivery, MirrorEvent, MirrorStatus, Record, table_of

_status = table_of(MirrorStatus)
_event = table_of(MirrorEvent)
_delivery = table_of(Delivery)
_record = table_of(Record)


def apply(tx: Tx, agency: str, updates: Sequence[StatusUpdate], actor: Actor) -> dict[str, int]:
    """Apply one page of the feed; return counts: new, repeated, late (older than what the mirror shows), impossible.

    The caller moves the cursor in the same transaction, so the cursor never passes an event that is not applied.
    A delivery of which the nation says something is looked for now, if its answer was lost."""
    seen = _known_events(tx.connection, agency, [update_.event_id for update_ in updates])
    counts = {"new": 0, "repeated": 0, "late": 0, "impossible": 0}
    for update_ in updates:
        if update_.event_id in seen:
            counts["repeated"] += 1
            continue
        seen.add(update_.event_id)
        counts["new"] += 1
        odd = _is_impossible(tx.connection, update_)
        counts["impossible"] += odd
        counts["late"] += not _apply_one(tx, agency, update_, actor, odd=odd)
    return counts


def _is_impossible(connection: Connection, update_: StatusUpdate) -> bool:
    """Whether it cannot be beside the event before it or the one after it, of those that are known."""
    rows = connection.execute(
        select(_event.c.sequence, _event.c.status).where(
            *of_key(_event, update_.key), _event.c.sequence.in_((update_.sequence - 1, update_.sequence + 1))
        )
    ).all()
    return any(
        statuses.is_impossible(row.status, update_.status)
        if row.sequence < update_.sequence
        else statuses.is_impossible(update_.status, row.status)
        for row in rows
    )


def _known_events(connection: Connection, agency: str, event_ids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for chunk in chunks(event_ids, 500):
        known.update(
            connection.execute(
                select(_event.c.event_id).where(_event.c.agency == agency, _event.c.event_id.in_(chunk))
            ).scalars()
        )
    return known


def _apply_one(tx: Tx, agency: str, update_: StatusUpdate, actor: Actor, *, odd: bool) -> bool:
    """Store the event; return whether it is the newest of its record."""
    key = update_.key
    tx.connection.execute(
        insert(_event).values(
            agency=agency,
            event_id=update_.event_id,
            kind=key.kind,
            local_id=key.local_id,
            sequence=update_.sequence,
            status=update_.status,
            occurred_at=update_.occurred_at,
            acting_agency=update_.acting_agency,
            applied_at=tx.now,
        )
    )
    shown = _shown(tx.connection, key)
    newest = shown is None or update_.sequence > shown.sequence
    if newest or (shown is not None and _tells_of(update_, shown)):
        values = {
            "sequence": update_.sequence,
            "event_id": update_.event_id,
            "national_id": update_.national_id,
            "status": update_.status,
            "occurred_at": update_.occurred_at,
            "acting_agency": update_.acting_agency,
            "note": "" if erasure.is_secret(tx.connection, key) else update_.note,
        }
        _show(tx, key, values, is_new=shown is None)
    _look_now(tx, key)
    facts = {"status": update_.status, "sequence": update_.sequence, "newest": newest}
    facts |= {"impossible": True} if odd else {}
    tx.audit(Event("status.applied", agency, actor, tx.now, key, facts=facts))
    return newest


def _tells_of(update_: StatusUpdate, shown: Any) -> bool:
    """Whether this is the event of a status that the mirror has from the list: when it was, by whom, its note."""
    return not shown.event_id and (update_.sequence, update_.status) == (shown.sequence, shown.status)


def take(tx: Tx, agency: str, lines: Sequence[Held], actor: Actor) -> dict[str, int]:
    """Take over the statuses of one page of the national list; return counts: listed, moved, ahead, by_hand.

    Only forward, as with the feed: a status that came while the list was read, or one of a day that the nation lost
    (ahead: the mirror knows a later one), stays. What was entered there by hand has no key to be shown under."""
    counts = {"listed": len(lines), "moved": 0, "ahead": 0, "by_hand": 0}
    for line in lines:
        if not line.local_id:
            counts["by_hand"] += 1
            continue
        key = RecordKey(agency, line.kind, line.local_id)
        shown = _shown(tx.connection, key)
        if shown is not None and shown.sequence >= line.status_sequence:
            counts["ahead"] += shown.sequence > line.status_sequence
            continue
        values = {
            "sequence": line.status_sequence,
            "event_id": "",
            "national_id": line.national_id,
            "status": line.status,
            "occurred_at": None,
            "acting_agency": "",
            "note": "",
        }
        _show(tx, key, values, is_new=shown is None)
        _look_now(tx, key)
        counts["moved"] += 1
        facts = {"status": line.status, "sequence": line.status_sequence, "listed": True}
        tx.audit(Event("status.applied", agency, actor, tx.now, key, facts=facts))
    return counts


def _shown(connection: Connection, key: RecordKey) -> Any | None:
    return connection.execute(
        select(_status.c.sequence, _status.c.status, _status.c.event_id).where(*of_key(_status, key))
    ).first()


def _show(tx: Tx, key: RecordKey, values: dict[str, Any], *, is_new: bool) -> None:
    values["applied_at"] = tx.now
    if is_new:
        of = {"agency": key.agency, "kind": key.kind, "local_id": key.local_id, "closed_sequence": 0}
        tx.connection.execute(insert(_status).values(**of, **values))
    else:
        tx.connection.execute(update(_status).where(*of_key(_status, key)).values(values))


def _look_now(tx: Tx, key: RecordKey) -> None:
    tx.connection.execute(
        update(_delivery)
        .where(*of_key(_delivery, key), _delivery.c.state == State.UNKNOWN, _delivery.c.next_attempt_at.is_not(None))
        .values(next_attempt_at=tx.now)
    )


_MEND = changing(_status, ()).values(closed_sequence=_status.c.sequence)


def mend(rows: Rows, key: RecordKey) -> None:
    """Take a returned record off the list, for what the nation has said so far: a newer version was delivered."""
    rows.add(_MEND, given(key, {}))


def close_returned(tx: Tx, key: RecordKey, actor: Actor, reason: str) -> None:
    """Take a returned record off the list in a person's name, for what the nation has said so far.

    Raises DataError if the mirror has nothing of this key."""
    sequence = tx.connection.execute(select(_status.c.sequence).where(*of_key(_status, key))).scalar()
    if sequence is None:
        raise DataError("E-KEY-NOT-MIRRORED", key=str(key))
    tx.connection.execute(
        update(_status)
        .where(*of_key(_status, key))
        .values(closed_sequence=sequence, closed_by=actor.name, closed_reason=reason)
    )
    event = Event("returned.closed", key.agency, actor, tx.now, key, facts={"sequence": sequence})
    tx.audit_with_reason(event, reason)


_PUBLISHED = """
PRAGMA journal_mode = OFF;
CREATE TABLE record (
    agency TEXT NOT NULL, kind TEXT NOT NULL, local_id TEXT NOT NULL,
    state TEXT NOT NULL, version INTEGER NOT NULL, national_id TEXT, received_at TEXT,
    PRIMARY KEY (agency, kind, local_id));
CREATE TABLE status (
    agency TEXT NOT NULL, kind TEXT NOT NULL, local_id TEXT NOT NULL, sequence INTEGER NOT NULL,
    status TEXT NOT NULL, occurred_at TEXT, acting_agency TEXT NOT NULL, national_id TEXT NOT NULL,
    PRIMARY KEY (agency, kind, local_id));
CREATE TABLE about (environment TEXT NOT NULL, published_at TEXT NOT NULL);
CREATE VIEW v_record AS
    SELECT r.agency, r.kind, r.local_id, r.state, r.version, r.national_id, r.received_at,
           s.status AS national_status, s.occurred_at AS status_at, s.acting_agency
    FROM record r LEFT JOIN status s USING (agency, kind, local_id);
CREATE VIEW v_count AS SELECT agency, kind, state, COUNT(*) AS records FROM record GROUP BY agency, kind, state;
CREATE VIEW v_national_count AS
    SELECT agency, kind, status, COUNT(*) AS records FROM status GROUP BY agency, kind, status;
CREATE VIEW v_about AS SELECT environment, published_at FROM about;
"""


def publish(connection: Connection, path: Path, environment: str, published_at: str) -> int:
    """Write the plain copy beside its place, fsync it and move it there; return how many records it holds.

    Class C1 only: keys, states, versions, statuses, times; no note, no reason, no text. Whoever reads the old file
    goes on reading it; if the process dies here, the old one stays."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    try:
        records = _write(connection, draft, environment, published_at)
        draft.replace(path)
    except (sqlite3.OperationalError, OSError) as error:
        draft.unlink(missing_ok=True)  # on a full disk every byte of it is in the way
        if full := trouble.refused(error, path.parent):
            raise full from None
        raise
    return records


def _write(connection: Connection, draft: Path, environment: str, published_at: str) -> int:
    copy = sqlite3.connect(draft, isolation_level=None)
    try:
        copy.executescript(_PUBLISHED)
        copy.execute("BEGIN")
        records = _copy_records(connection, copy)
        _copy_statuses(connection, copy)
        copy.execute("INSERT INTO about VALUES (?, ?)", (environment, published_at))
        copy.execute("COMMIT")
    finally:
        copy.close()
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    return records


def _copy_records(connection: Connection, copy: sqlite3.Connection) -> int:
    rows = connection.execution_options(yield_per=1_000).execute(
        select(
            _record.c.agency,
            _record.c.kind,
            _record.c.local_id,
            _delivery.c.state,
            _record.c.version,
            _record.c.national_id,
            _record.c.received_at,
        ).join(
            _delivery,
            (_delivery.c.agency == _record.c.agency)
            & (_delivery.c.kind == _record.c.kind)
            & (_delivery.c.local_id == _record.c.local_id)
            & (_delivery.c.version == _record.c.version),
        )
    )
    count = 0
    for part in rows.partitions():
        copy.executemany(
            "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*row[:6], row[6].isoformat() if row[6] else None) for row in part],
        )
        count += len(part)
    return count


def _copy_statuses(connection: Connection, copy: sqlite3.Connection) -> None:
    rows = connection.execution_options(yield_per=1_000).execute(
        select(
            _status.c.agency,
            _status.c.kind,
            _status.c.local_id,
            _status.c.sequence,
            _status.c.status,
            _status.c.occurred_at,
            _status.c.acting_agency,
            _status.c.national_id,
        )
    )
    for part in rows.partitions():
        copy.executemany(
            "INSERT INTO status VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*row[:5], row[5].isoformat() if row[5] else None, *row[6:]) for row in part],
        )
