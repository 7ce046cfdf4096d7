"""Taking records out of the way: what the source excludes or marks secret now, and children without a parent.

Whatever hangs on a record that is set aside goes with it in the same transaction: a sweep may break off before it
comes to the children's own rows. Every function writes its audit entry in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, case, exists, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core.lifecycle import Step, Wait
from connector.core.model import Actor, Cause, Change, Event, Kind, RecordKey, State
from connector.store import ancestry, attachments, erasure, marks, reasons
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.records import Known, Reading, delivery_values, known, supersede_older
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)


def set_aside(
    tx: Tx,
    agency: str,
    kind: Kind,
    local_ids: Sequence[str],
    cause: Cause,
    last_finished: int,
    actor: Actor,
    named: Mapping[str, str] | None = None,
) -> int:
    """Take known keys out of the way because the source now excludes them or marks them secret; return how many.

    named: local id -> the mapping's name of the reason for which a record is left out.
    Their newest version becomes a new one that is not sent. For a secret every text of the key is erased; a version
    that is just being sent keeps its place in the ledger without its text, and is never sent again. Whatever hangs on
    a key goes with it at once: the sweep may break off before it comes to the children's own rows."""
    fresh: list[RecordKey] = []
    for local_id, before in known(tx.connection, agency, kind, local_ids).items():
        key = RecordKey(agency, kind, local_id)
        if before.cause is not cause:  # else an earlier sweep has set it aside
            _set_aside_one(tx, key, before, cause, last_finished, actor, (named or {}).get(local_id))
            fresh.append(key)
            if cause is Cause.BECAME_SECRET:  # once: what people write about it from now on must stay
                reasons.erase(tx.connection, key, tx.now)
        if cause is Cause.BECAME_SECRET:
            erasure.erase_texts(tx, key)
    below = ancestry.descendants(tx.connection, agency, fresh) if fresh else []
    for key in below:
        _set_aside_below(tx, key, cause, actor)
    return len(fresh)


def _set_aside_below(tx: Tx, key: RecordKey, cause: Cause, actor: Actor) -> None:
    """A child goes with its parent; that it hangs on a secret counts for more than that it hangs on a draft."""
    before = known(tx.connection, key.agency, key.kind, [key.local_id])[key.local_id]
    if before.cause in {cause, Cause.BECAME_SECRET}:
        return
    last = marks.last_sweep(tx.connection, key.agency, key.kind)
    rule = "parent" if cause is Cause.EXCLUDED else None
    _set_aside_one(tx, key, before, cause, last.id if last is not None else 0, actor, rule)
    if cause is Cause.BECAME_SECRET:
        reasons.erase(tx.connection, key, tx.now)
        erasure.erase_texts(tx, key)


def _set_aside_one(
    tx: Tx, key: RecordKey, before: Known, cause: Cause, last_finished: int, actor: Actor, rule: str | None
) -> None:
    version = before.version + 1
    supersede_older(tx, key, version, actor)
    attachments.forget(tx, key)
    gone = Reading(key, "", "", None, ())
    values = delivery_values(tx, gone, before, version, State.NOT_SENT, cause, Change("void", "")) | {"rule": rule}
    tx.connection.execute(insert(_delivery).values(values))
    tx.connection.execute(
        update(_record)
        .where(*of_key(_record, key))
        .values(
            version=version,
            digest=None,
            row_fingerprint=None,
            mapping_digest=None,
            seen_before=case((_record.c.seen_sweep == last_finished, last_finished), else_=_record.c.seen_before),
            seen_sweep=None,
        )
    )
    facts = {"state": State.NOT_SENT, "cause": cause, "from": before.state} | ({"rule": rule} if rule else {})
    tx.audit(Event("record.set_aside", key.agency, actor, tx.now, key, version, facts))


def judge_parents(tx: Tx, agency: str, kind: Kind, actor: Actor) -> None:
    """Quarantine waiting children whose parent the ledger has never seen, and free those whose parent has come."""
    orphaned = tx.connection.execute(_ORPHANED, {"agency": agency, "kind": kind}).all()
    _move_all(tx, orphaned, Step(State.QUARANTINED, cause=Cause.PARENT_MISSING), "delivery.orphaned", actor)
    freed = tx.connection.execute(_FREED, {"agency": agency, "kind": kind}).all()
    _move_all(tx, freed, Step(State.PENDING, Wait.NOW), "delivery.freed", actor)


def _of_kind(*wanted: ColumnElement[bool]) -> Select[Any]:
    return select(
        _delivery.c.id, _delivery.c.agency, _delivery.c.kind, _delivery.c.local_id, _delivery.c.version,
        _delivery.c.state,
    ).where(_delivery.c.agency == bindparam("agency"), _delivery.c.kind == bindparam("kind"), *wanted)  # fmt: skip


_parent = _record.alias("parent")
_HAS_PARENT = exists().where(
    _parent.c.agency == _delivery.c.agency,
    _parent.c.kind == _delivery.c.parent_kind,
    _parent.c.local_id == _delivery.c.parent_local_id,
)
_ORPHANED = _of_kind(_delivery.c.state == State.PENDING, _delivery.c.parent_kind.is_not(None), ~_HAS_PARENT)
_FREED = _of_kind(_delivery.c.state == State.QUARANTINED, _delivery.c.cause == Cause.PARENT_MISSING, _HAS_PARENT)


def _move_all(tx: Tx, rows: Sequence[Any], step: Step, event: str, actor: Actor) -> None:
    for chunk in chunks(rows, 500):
        tx.connection.execute(
            update(_delivery)
            .where(_delivery.c.id.in_([row.id for row in chunk]))
            .values(
                state=step.state,
                cause=step.cause,
                state_at=tx.now,
                next_attempt_at=tx.now if step.wait is Wait.NOW else None,
            )
        )
    for row in rows:
        key = RecordKey(row.agency, Kind(row.kind), row.local_id)
        facts = {"from": row.state, "state": step.state} | ({"cause": step.cause} if step.cause else {})
        tx.audit(Event(event, row.agency, actor, tx.now, key, row.version, facts))
