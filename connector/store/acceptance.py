"""A person accepts that the store went back in time: the log goes on from where it is, and says what it has lost.

Between the copy that was put back and the loss, anything that waited may have been sent, and nobody here remembers.
So whatever could have been sent since is looked for before anything leaves, exactly as after a crash.

What was read and sent since is not in the copy at all: the next full reading brings it as if it were new. Of a kind
that nobody can look for, whatever is recorded until that reading is finished may be there already: a person is asked.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, exists, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle
from connector.core.chain import Head
from connector.core.lifecycle import Step, Wait
from connector.core.model import Actor, Capabilities, Event, Kind, RecordKey, State
from connector.store import audit, marks
from connector.store.db import Tx
from connector.store.keys import chunks, of_record
from connector.store.refs import own_id
from connector.store.tables import Delivery, Record, Sweep, Unsettled, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_sweep = table_of(Sweep)
_unsettled = table_of(Unsettled)

_CLAIMABLE = (_delivery.c.state.in_([State.PENDING, State.SENDING]),)


def accept(
    tx: Tx, agency: str, lost: Head, generation: int, capabilities: Capabilities, plan: str, actor: Actor, reason: str
) -> int:
    """Write down that the head `lost` is lost by this person's decision; make unknown whatever could have been sent
    since. Return how many that were. The transaction must have been begun with the same lost head."""
    told = {"lost_seq": lost.seq, "lost_hash": lost.hash, "plan": plan}
    told["store_seq"] = audit.head_of(tx.connection, agency).seq
    event = Event(audit.ACCEPTED, agency, actor, tx.now, facts=told)
    tx.audit_with_reason(event, reason, "plan", plan)
    for kind in _unlooked(capabilities):
        marks.advance(tx, agency, _went_back(kind), "")
    return _doubt(tx, agency, generation, capabilities, actor, *_CLAIMABLE)


def note_swept(tx: Tx, agency: str, kind: Kind, sweep_id: int) -> None:
    """Note that a sweep is finished. After the first since the acceptance that left no row for a second reading, what
    is recorded is news, and nobody doubts it."""
    since = _open_since(tx.connection, agency, kind)
    if since is None:
        return
    began = tx.connection.execute(select(_sweep.c.started_at).where(_sweep.c.id == sweep_id)).scalar_one()
    waits = exists().where(_unsettled.c.agency == agency, _unsettled.c.kind == kind)
    if began >= since and not tx.connection.execute(select(waits)).scalar():
        marks.advance(tx, agency, _read_again(kind), "")


def doubt_read_since(tx: Tx, agency: str, generation: int, capabilities: Capabilities, actor: Actor) -> int:
    """Make unknown, for a person, what was recorded between the acceptance and the end of the first whole reading, and
    can be neither looked for nor repeated. Return how many those were. Before each claim; nothing where the store never
    went back."""
    doubted = 0
    for kind in _unlooked(capabilities):
        mark = marks.mark_of(tx.connection, agency, _went_back(kind))
        if mark is None:
            continue
        window = [_delivery.c.kind == kind, _delivery.c.created_at >= mark[1]]
        window += [_delivery.c.attempt == 0, _delivery.c.decided.is_(None)]
        if _open_since(tx.connection, agency, kind) is None:
            window.append(_delivery.c.created_at <= _instant_of(tx.connection, agency, _read_again(kind)))
            _forget_once_settled(tx, agency, kind, window)
        if kind in capabilities.update_idempotent:  # an update by an id that we know may be repeated
            window.append(
                or_(_record.c.national_id.is_(None), _record.c.receipt_generation.is_distinct_from(generation))
            )
        doubted += _doubt(tx, agency, generation, capabilities, actor, *window, _delivery.c.state == State.PENDING)
    return doubted


def _unlooked(capabilities: Capabilities) -> list[Kind]:
    return sorted(capabilities.carried - capabilities.findable - capabilities.create_idempotent)


def _went_back(kind: Kind) -> str:
    return f"went_back.{kind}"


def _read_again(kind: Kind) -> str:
    return f"went_back.read.{kind}"


def _instant_of(connection: Connection, agency: str, name: str) -> datetime | None:
    mark = marks.mark_of(connection, agency, name)
    return mark[1] if mark else None


def _open_since(connection: Connection, agency: str, kind: Kind) -> datetime | None:
    """Return when the store was accepted, if the kind was not read whole since; None: nothing to wait for."""
    since = _instant_of(connection, agency, _went_back(kind))
    read = _instant_of(connection, agency, _read_again(kind))
    return since if since is not None and (read is None or read < since) else None


def _forget_once_settled(tx: Tx, agency: str, kind: Kind, window: list[ColumnElement[bool]]) -> None:
    left = exists().where(
        _delivery.c.agency == agency, *window, _delivery.c.state.in_([State.PENDING, State.QUARANTINED])
    )
    if not tx.connection.execute(select(left)).scalar():
        marks.forget(tx, agency, _went_back(kind))


def _doubt(
    tx: Tx, agency: str, generation: int, capabilities: Capabilities, actor: Actor, *which: ColumnElement[bool]
) -> int:
    """Of a key with a version in flight only that one: nothing newer leaves before it is settled."""
    other = _delivery.alias("other")
    in_flight = exists().where(
        other.c.agency == _delivery.c.agency,
        other.c.kind == _delivery.c.kind,
        other.c.local_id == _delivery.c.local_id,
        other.c.id != _delivery.c.id,
        other.c.state.in_([State.SENDING, State.UNKNOWN]),
    )
    rows = tx.connection.execute(
        select(
            _delivery.c.id, _delivery.c.kind, _delivery.c.local_id, _delivery.c.version, _delivery.c.state,
            _record.c.national_id, _record.c.receipt_generation,
        )
        .join(_record, of_record())
        .where(
            _delivery.c.agency == agency,
            *which,
            _delivery.c.kind.in_([str(kind) for kind in capabilities.carried]),
            ~in_flight,
        )
    ).all()  # fmt: skip
    steps: dict[Step, list[int]] = {}
    for row in rows:
        kind = Kind(row.kind)
        own = own_id(row.national_id, row.receipt_generation, generation)
        step = lifecycle.after_crash(lifecycle.recourse_of(kind, own, capabilities))
        steps.setdefault(step, []).append(row.id)
        facts = {"from": row.state, "state": step.state} | ({"cause": step.cause} if step.cause else {})
        key = RecordKey(agency, kind, row.local_id)
        tx.audit(Event("delivery.doubted", agency, actor, tx.now, key, row.version, facts))
    for step, ids in steps.items():
        for chunk in chunks(ids, 500):
            tx.connection.execute(
                update(_delivery)
                .where(_delivery.c.id.in_(chunk))
                .values(
                    state=step.state,
                    cause=step.cause,
                    state_at=tx.now,
                    next_attempt_at=tx.now if step.wait is Wait.NOW else None,
                    last_sent_at=tx.now,  # its last byte left at a time that nobody remembers: not after this one
                    lease_owner=None,
                    lease_until=None,
                )
            )
    return len(rows)
