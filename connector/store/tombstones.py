"""Records that are gone from their source, and what is decided about them.

    absent once       noted, no more: a page may have failed, a clerk may be at it
    absent twice      in two finished sweeps in a row under the same mapping: gone, with a decision
    back              the tombstone is closed

A sweep that was interrupted, and one that could not tell of every row what it is, declares nothing gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Actor, Cause, Event, Kind, RecordKey
from connector.errors import DataError
from connector.store import marks
from connector.store.db import Tx
from connector.store.keys import chunks, newest_of_record, of_key
from connector.store.tables import Delivery, Record, Tombstone, table_of

_stone = table_of(Tombstone)
_record = table_of(Record)
_delivery = table_of(Delivery)


def declare(
    tx: Tx, agency: str, kind: Kind, sweep_id: int, mapping_mark: str, decision: str, actor: Actor
) -> list[RecordKey]:
    """Return the keys that are gone as of this sweep, each with its tombstone, and note who was missed the first time.

    To be called while the sweep is being finished, before it counts as finished."""
    last = marks.last_sweep(tx.connection, agency, kind)
    missed = [
        (row.local_id, row.missed_sweep)
        for row in tx.connection.execute(_MISSED, {"agency": agency, "kind": kind, "sweep_id": sweep_id})
    ]
    same_mapping = last is not None and last.mapping_digest == mapping_mark
    gone = [local_id for local_id, before in missed if same_mapping and last is not None and before == last.id]
    new = [local_id for local_id, _ in missed if local_id not in set(gone)]
    for chunk in chunks(new, 500):
        where = (_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id.in_(chunk))
        tx.connection.execute(update(_record).where(*where).values(missed_sweep=sweep_id))
    keys = [RecordKey(agency, kind, local_id) for local_id in gone]
    for key in keys:
        tx.connection.execute(
            insert(_stone).values(
                agency=agency, kind=kind, local_id=key.local_id, sweep=sweep_id, gone_at=tx.now, decision=decision,
                reason="",
            )
        )  # fmt: skip
        facts = {"sweep": sweep_id, "decision": decision}
        tx.audit(Event("record.gone", agency, actor, tx.now, key, facts=facts))
    return keys


def _unseen() -> ColumnElement[bool]:
    """Not read in this sweep, which is the newest; what is set aside was not looked for. Uses ix_record_seen."""
    set_aside = _delivery.c.cause.in_([Cause.EXCLUDED, Cause.BECAME_SECRET])
    before = or_(_record.c.seen_sweep.is_(None), _record.c.seen_sweep < bindparam("sweep_id"))
    return and_(before, func.coalesce(~set_aside, True))


def is_gone() -> ColumnElement[bool]:
    """Return the condition that a record has an open tombstone."""
    return exists().where(
        _stone.c.agency == _record.c.agency,
        _stone.c.kind == _record.c.kind,
        _stone.c.local_id == _record.c.local_id,
        _stone.c.closed_at.is_(None),
    )


_MISSED = (
    select(_record.c.local_id, _record.c.missed_sweep)
    .join(_delivery, newest_of_record())
    .where(_record.c.agency == bindparam("agency"), _record.c.kind == bindparam("kind"), _unseen(), ~is_gone())
)
_OPEN = (_stone.c.agency == bindparam("agency"), _stone.c.kind == bindparam("kind"), _stone.c.closed_at.is_(None))
_OPEN_OF_KIND = select(_stone.c.local_id).where(*_OPEN)


def close(tx: Tx, agency: str, kind: Kind, local_ids: Sequence[str], actor: Actor) -> int:
    """Close the tombstones of keys that were read again; return how many there were."""
    there = set(tx.connection.execute(_OPEN_OF_KIND, {"agency": agency, "kind": kind}).scalars())
    back = sorted(there.intersection(local_ids))
    for local_id in back:
        one = (*of_key(_stone, RecordKey(agency, kind, local_id)), _stone.c.closed_at.is_(None))
        tx.connection.execute(update(_stone).where(*one).values(closed_at=tx.now))
        tx.audit(Event("record.back", agency, actor, tx.now, RecordKey(agency, kind, local_id)))
    return len(back)


def decide(tx: Tx, key: RecordKey, decision: str, actor: Actor, reason: str) -> None:
    """Put a person's name under what is to be done about a record that is gone. Raises DataError if it is not."""
    open_ = (*of_key(_stone, key), _stone.c.closed_at.is_(None))
    decided = {"decision": decision, "decided_by": actor.name, "decided_at": tx.now, "reason": reason}
    if not tx.connection.execute(update(_stone).where(*open_).values(decided)).rowcount:
        raise DataError("E-NOT-GONE", key=str(key))
    event = Event("record.decided", key.agency, actor, tx.now, key, facts={"decision": decision})
    tx.audit_with_reason(event, reason)


def undecided(connection: Connection, agency: str) -> int:
    """Return how many records are gone and wait for a person's decision."""
    where = (_stone.c.agency == agency, _stone.c.closed_at.is_(None), _stone.c.decision == "ask")
    return int(connection.execute(select(func.count()).select_from(_stone).where(*where)).scalar_one())
