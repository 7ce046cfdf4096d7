"""The outbox: claiming what is due, and writing down what became of it.

    claim    one transaction: due, not paused, parent has a receipt, no other version of the key on its way
    finish   one transaction for a whole batch of answers (or sightings), with the audit line of each
    rescue   claims of a dead owner become unknown; the ordinary resolve stage does the rest

States change only as `core/lifecycle.py` says. Every function that changes a row writes its audit entry in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle
from connector.core.lifecycle import Limits, Standing, Step, Wait
from connector.core.model import (
    Actor,
    Capabilities,
    Cause,
    Change,
    Delivery,
    Event,
    Kind,
    Operation,
    Outcome,
    Receipt,
    RecordKey,
    Refs,
    Sighting,
    SightingName,
    State,
    VerdictName,
)
from connector.store.db import Tx
from connector.store.records import chunks, of_key
from connector.store.tables import Delivery as DeliveryRow
from connector.store.tables import Pause, Record, table_of

_delivery = table_of(DeliveryRow)
_record = table_of(Record)
_pause = table_of(Pause)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What decides about waits: the limits, the channel's end of hold, and one draw of jitter per delivery."""

    limits: Limits
    jitter: Callable[[], float]
    channel_until: datetime | None = None


# --- claiming ------------------------------------------------------------------------------------------------------


def claim(
    tx: Tx,
    agency: str,
    generation: int,
    capabilities: Capabilities,
    *,
    owner: str,
    lease_s: float,
    rows: int,
    body_bytes: int,
    actor: Actor,
) -> list[Delivery]:
    """Return the deliveries now marked `sending`, oldest first, at most `rows` and about `body_bytes`.

    Once the caller's transaction commits, a crash leaves these rows to `rescue`, which makes them `unknown`.
    Empty list: nothing is due. Parents come before children because a child waits for its parent's receipt.
    Uses ix_delivery_due."""
    found = tx.connection.execute(
        select(*_CLAIMED)
        .select_from(_delivery)
        .where(_sendable(agency, generation, capabilities), _delivery.c.next_attempt_at <= tx.now)
        .order_by(_delivery.c.next_attempt_at, _delivery.c.id)  # who was told to wait stands behind who was not
        .limit(rows)
    ).all()
    claimed: list[Delivery] = []
    size = 0
    for row in found:
        size += row.body_bytes
        if claimed and size > body_bytes:
            break
        claimed.append(_delivery_of(row, row.attempt + 1))
    for chunk in chunks(claimed, 500):
        tx.connection.execute(
            update(_delivery)
            .where(_delivery.c.id.in_([delivery.id for delivery in chunk]))
            .values(
                state=State.SENDING,
                cause=None,
                state_at=tx.now,
                attempt=_delivery.c.attempt + 1,
                next_attempt_at=None,
                lease_owner=owner,
                lease_until=tx.now + timedelta(seconds=lease_s),
                last_sent_at=tx.now,
            )
        )
    for delivery in claimed:
        facts = {"state": State.SENDING, "attempt": delivery.attempt}
        tx.audit(Event("delivery.claimed", agency, actor, tx.now, delivery.key, delivery.version, facts))
    return claimed


_CLAIMED = (
    _delivery.c.id,
    _delivery.c.agency,
    _delivery.c.kind,
    _delivery.c.local_id,
    _delivery.c.operation,
    _delivery.c.version,
    _delivery.c.body,
    _delivery.c.body_bytes,
    _delivery.c.digest,
    _delivery.c.attempt,
    _delivery.c.change_cause,
    _delivery.c.change_reason,
)


def _delivery_of(row: Any, attempt: int) -> Delivery:
    return Delivery(
        id=row.id,
        key=RecordKey(row.agency, Kind(row.kind), row.local_id),
        operation=Operation(row.operation),
        version=row.version,
        body=row.body or b"",
        digest=row.digest,
        attempt=attempt,
        change=Change(row.change_cause, row.change_reason),
        refs=Refs(),
    )


def _sendable(agency: str, generation: int, capabilities: Capabilities) -> ColumnElement[bool]:
    """Pending, and nothing but its time holds it back."""
    other = _delivery.alias("other")
    on_its_way = exists().where(
        other.c.agency == _delivery.c.agency,
        other.c.kind == _delivery.c.kind,
        other.c.local_id == _delivery.c.local_id,
        other.c.state.in_([State.SENDING, State.UNKNOWN]),
    )
    return and_(
        _delivery.c.agency == agency,
        _delivery.c.state == State.PENDING,
        _delivery.c.kind.in_([str(kind) for kind in capabilities.carried]),
        ~on_its_way,
        ~_paused(),
        parent_is_received(generation, capabilities),
    )


def parent_is_received(generation: int, capabilities: Capabilities) -> ColumnElement[bool]:
    """Return the condition that a delivery has no parent to wait for: none, one with a receipt, or one of a kind
    that the profile does not carry."""
    parent = _record.alias("parent")
    received = exists().where(
        parent.c.agency == _delivery.c.agency,
        parent.c.kind == _delivery.c.parent_kind,
        parent.c.local_id == _delivery.c.parent_local_id,
        parent.c.receipt_generation == generation,
    )
    return or_(
        _delivery.c.parent_kind.is_(None),
        _delivery.c.parent_kind.not_in([str(kind) for kind in capabilities.carried]),
        received,
    )


def _paused() -> ColumnElement[bool]:
    return exists().where(
        _pause.c.agency == _delivery.c.agency,
        or_(_pause.c.kind == "", _pause.c.kind == _delivery.c.kind),
        or_(_pause.c.local_id == "", _pause.c.local_id == _delivery.c.local_id),
    )


def unknowns_due(connection: Connection, agency: str, now: datetime, rows: int) -> list[Delivery]:
    """Return unknown deliveries whose time to be looked for has come, oldest first. Changes nothing."""
    found = connection.execute(
        select(*_CLAIMED)
        .where(
            _delivery.c.agency == agency,
            _delivery.c.state == State.UNKNOWN,
            _delivery.c.next_attempt_at <= now,
            ~_paused(),
        )
        .order_by(_delivery.c.next_attempt_at, _delivery.c.id)
        .limit(rows)
    ).all()
    return [_delivery_of(row, row.attempt) for row in found]


def next_due(connection: Connection, agency: str, generation: int, capabilities: Capabilities) -> datetime | None:
    """Return when the next delivery of this agency can be sent or looked for, None if nothing waits for time."""
    looked_for = and_(
        _delivery.c.agency == agency,
        _delivery.c.state == State.UNKNOWN,
        _delivery.c.next_attempt_at.is_not(None),
        ~_paused(),
    )
    waits = or_(looked_for, _sendable(agency, generation, capabilities))
    found = connection.execute(
        select(_delivery.c.next_attempt_at).where(waits).order_by(_delivery.c.next_attempt_at).limit(1)
    ).scalar()
    return found if isinstance(found, datetime) else None


# --- writing down what happened ------------------------------------------------------------------------------------


def finish(
    tx: Tx, outcomes: Sequence[Outcome], generation: int, clockwork: Clockwork, actor: Actor
) -> dict[State, int]:
    """Write down what became of claimed deliveries; return how many went to which state.

    Once committed, a crash loses no answer. An outcome whose delivery is no longer `sending` (its lease was taken
    over) is written to the audit log as late and changes nothing."""
    facts_by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    moved: dict[State, int] = {}
    for standing in _standings(tx.connection, list(facts_by_id)):
        outcome = facts_by_id[standing.id]
        facts: dict[str, Any] = {
            "verdict": outcome.verdict.name,
            "rule": outcome.verdict.rule,
            "http_status": outcome.http_status,
            "elapsed_ms": round(outcome.elapsed_s * 1000),
            "attempt": standing.attempt,
            "answer": tx.commitment(standing.key.agency, outcome.answer_digest.encode()),
        }
        if standing.state is not State.SENDING:
            tx.audit(Event("delivery.late", standing.key.agency, actor, tx.now, standing.key, standing.version, facts))
            continue
        step = lifecycle.after_answer(outcome.verdict.name, standing.of_lifecycle(), clockwork.limits)
        values: dict[str, Any] = {"rule": outcome.verdict.rule, "http_status": outcome.http_status}
        if outcome.verdict.name is VerdictName.REJECTED:
            values["problems"] = [asdict(problem) for problem in outcome.verdict.problems]
        _settle(tx, standing, step, outcome.verdict.receipt, values, generation, clockwork)
        tx.audit(_settled(tx, "delivery.answered", standing, step, facts, actor))
        moved[step.state] = moved.get(step.state, 0) + 1
    _forget_secrets(tx, [outcome.delivery_id for outcome in outcomes])
    return moved


def finish_finds(
    tx: Tx,
    sightings: Sequence[Sighting],
    generation: int,
    capabilities: Capabilities,
    clockwork: Clockwork,
    actor: Actor,
) -> dict[State, int]:
    """Write down what was seen of unknown deliveries; return how many went to which state."""
    by_id = {sighting.delivery_id: sighting for sighting in sightings}
    moved: dict[State, int] = {}
    for standing in _standings(tx.connection, list(by_id)):
        sighting = by_id[standing.id]
        if standing.state is not State.UNKNOWN:
            continue
        idempotent = standing.key.kind in capabilities.create_idempotent
        settled_at = standing.last_sent_at and standing.last_sent_at + timedelta(seconds=capabilities.absent_after_s)
        step = lifecycle.after_find(
            sighting.name,
            standing.of_lifecycle(),
            clockwork.limits,
            create_idempotent=idempotent,
            settled=settled_at is None or tx.now >= settled_at,
        )
        asked = sighting.name is not SightingName.HELD  # held: the question never left, so it was no try
        values = {"finds": standing.finds + asked, "rule": sighting.rule, "http_status": sighting.http_status}
        waits = {Wait.SETTLED: settled_at} if settled_at else {}
        receipt = sighting.receipt if step.state is State.DELIVERED else None
        _settle(tx, standing, step, receipt, values, generation, clockwork, waits)
        facts = {
            "sighting": sighting.name,
            "rule": sighting.rule,
            "http_status": sighting.http_status,
            "elapsed_ms": round(sighting.elapsed_s * 1000),
        }
        if asked:
            tx.audit(_settled(tx, "delivery.looked_for", standing, step, facts, actor))
        moved[step.state] = moved.get(step.state, 0) + 1
    _forget_secrets(tx, list(by_id))
    return moved


@dataclass(frozen=True, slots=True)
class _Standing:
    """A delivery as it stands in the ledger just now."""

    id: int
    key: RecordKey
    version: int
    state: State
    attempt: int
    crashes: int
    finds: int
    has_body: bool
    newest: int
    last_sent_at: datetime | None

    def of_lifecycle(self) -> Standing:
        return Standing(self.attempt, self.crashes, self.newest > self.version, self.has_body)


def _standings(connection: Connection, ids: Sequence[int]) -> list[_Standing]:
    found: list[_Standing] = []
    for chunk in chunks(ids, 500):
        rows = connection.execute(
            select(
                _delivery.c.id,
                _delivery.c.agency,
                _delivery.c.kind,
                _delivery.c.local_id,
                _delivery.c.version,
                _delivery.c.state,
                _delivery.c.attempt,
                _delivery.c.crashes,
                _delivery.c.finds,
                _delivery.c.body.is_not(None).label("has_body"),
                _record.c.version.label("newest"),
                _delivery.c.last_sent_at,
            )
            .join(
                _record,
                and_(
                    _record.c.agency == _delivery.c.agency,
                    _record.c.kind == _delivery.c.kind,
                    _record.c.local_id == _delivery.c.local_id,
                ),
            )
            .where(_delivery.c.id.in_(chunk))
            .order_by(_delivery.c.id)
        )
        found += [
            _Standing(
                row.id,
                RecordKey(row.agency, Kind(row.kind), row.local_id),
                row.version,
                State(row.state),
                row.attempt,
                row.crashes,
                row.finds,
                bool(row.has_body),
                row.newest,
                row.last_sent_at,
            )
            for row in rows
        ]
    return found


_SETTLE = (
    update(_delivery)
    .where(_delivery.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        cause=bindparam("b_cause"),
        state_at=bindparam("b_state_at"),
        attempt=bindparam("b_attempt"),
        next_attempt_at=bindparam("b_next_attempt_at"),
        lease_owner=None,
        lease_until=None,
    )
)


def _settle(
    tx: Tx,
    standing: _Standing,
    step: Step,
    receipt: Receipt | None,
    values: Mapping[str, Any],
    generation: int,
    clockwork: Clockwork,
    waits: Mapping[Wait, datetime] | None = None,
) -> None:
    """Move one delivery as the step says; with a receipt, the record moves forward too."""
    times = max(standing.finds + 1 if standing.state is State.UNKNOWN else standing.attempt, 1)
    answered = values.get("http_status") is not None
    due = _due_at(step, tx.now, times, clockwork, waits or {}, answered=answered)
    moved: dict[str, Any] = dict(values)
    if receipt is not None:
        moved |= {
            "national_id": receipt.national_id,
            "national_status": receipt.status,
            "received_at": receipt.received_at,
            "receipt_at": tx.now,
            "problems": None,
        }
    tx.connection.execute(
        _SETTLE.values(**moved),
        {
            "b_id": standing.id,
            "b_state": step.state,
            "b_cause": step.cause,
            "b_state_at": tx.now,
            "b_attempt": max(standing.attempt - step.attempt_back, 0),
            "b_next_attempt_at": due,
        },
    )
    if receipt is not None:
        _confirm(tx, standing, receipt, generation)


def _due_at(
    step: Step, now: datetime, times: int, clockwork: Clockwork, waits: Mapping[Wait, datetime], *, answered: bool
) -> datetime | None:
    if step.wait is Wait.NEVER:
        return None
    if step.wait is Wait.NOW:
        return now
    if step.wait is Wait.CHANNEL:
        # The hold itself is kept by the channel, in one place, and freed there. A record that was answered with it
        # goes behind the others: should it be the cause, they pass while it waits.
        return now + timedelta(seconds=clockwork.limits.first_delay_s) if answered else now
    if step.wait in waits:
        return waits[step.wait]
    return now + timedelta(seconds=lifecycle.delay_s(times, clockwork.jitter(), clockwork.limits))


def _confirm(tx: Tx, standing: _Standing, receipt: Receipt, generation: int) -> None:
    tx.connection.execute(
        update(_record)
        .where(
            *of_key(_record, standing.key),
            or_(
                _record.c.receipt_generation.is_(None),
                _record.c.receipt_generation != generation,
                _record.c.receipt_version <= standing.version,
            ),
        )
        .values(
            receipt_generation=generation,
            receipt_version=standing.version,
            national_id=receipt.national_id,
            received_at=receipt.received_at or tx.now,
        )
    )


def _settled(tx: Tx, name: str, standing: _Standing, step: Step, facts: dict[str, Any], actor: Actor) -> Event:
    facts |= {"from": standing.state, "state": step.state}
    if step.cause:
        facts["cause"] = step.cause
    return Event(name, standing.key.agency, actor, tx.now, standing.key, standing.version, facts)


def _forget_secrets(tx: Tx, ids: Sequence[int]) -> None:
    """Erase the text of versions that were on their way while their record became a state secret."""
    newest = _delivery.alias("newest")
    became_secret = exists().where(
        newest.c.agency == _delivery.c.agency,
        newest.c.kind == _delivery.c.kind,
        newest.c.local_id == _delivery.c.local_id,
        newest.c.version > _delivery.c.version,
        newest.c.cause == Cause.BECAME_SECRET,
    )
    for chunk in chunks(ids, 500):
        tx.connection.execute(
            update(_delivery)
            .where(_delivery.c.id.in_(chunk), _delivery.c.state != State.SENDING, became_secret)
            .values(body=None, body_bytes=0, problems=None)
        )


# --- after a crash, and on demand ----------------------------------------------------------------------------------


def rescue(tx: Tx, owner: str, actor: Actor) -> int:
    """Make unknown what a dead process left in `sending`: our own claims of before, and expired ones of others.

    Bytes may have left, so nobody sends these again before somebody has looked."""
    stranded = and_(
        _delivery.c.state == State.SENDING,
        or_(_delivery.c.lease_owner == owner, _delivery.c.lease_until < tx.now),
    )
    rows = tx.connection.execute(
        select(_delivery.c.id, _delivery.c.agency, _delivery.c.kind, _delivery.c.local_id, _delivery.c.version).where(
            stranded
        )
    ).all()
    for row in rows:
        key = RecordKey(row.agency, Kind(row.kind), row.local_id)
        facts = {"from": State.SENDING, "state": lifecycle.AFTER_CRASH.state}
        tx.audit(Event("delivery.rescued", row.agency, actor, tx.now, key, row.version, facts))
    tx.connection.execute(
        update(_delivery)
        .where(_delivery.c.id.in_([row.id for row in rows]))
        .values(
            state=lifecycle.AFTER_CRASH.state,
            state_at=tx.now,
            crashes=_delivery.c.crashes + 1,
            next_attempt_at=tx.now,
            lease_owner=None,
            lease_until=None,
        )
    )
    _forget_secrets(tx, [row.id for row in rows])
    return len(rows)


def ask_again(tx: Tx, key: RecordKey, actor: Actor, reason: str) -> str:
    """Put the newest version of a key on its way again, as a person asked; return what was done.

    `look`: it will be looked for, and put again only if absent or older; `send`: it will be sent; `in_flight`:
    somebody is at it already; `nothing`: there is no document to send."""
    row = tx.connection.execute(
        select(_delivery.c.id, _delivery.c.state, _delivery.c.version, _delivery.c.body.is_not(None).label("has_body"))
        .where(*of_key(_delivery, key))
        .order_by(_delivery.c.version.desc())
        .limit(1)
    ).first()
    if row is None:
        return "nothing"
    active = tx.connection.execute(
        select(_delivery.c.id, _delivery.c.version, _delivery.c.state, _delivery.c.next_attempt_at).where(
            *of_key(_delivery, key), _delivery.c.state.in_([State.SENDING, State.UNKNOWN]), _delivery.c.id != row.id
        )
    ).first()
    if active and active.state == State.UNKNOWN and active.next_attempt_at is None:
        return _look_again(tx, key, active.id, active.version, actor, reason)
    if active or row.state == State.SENDING:
        return "in_flight"
    step = lifecycle.on_resync(State(row.state), Standing(0, 0, False, bool(row.has_body)))
    if step is None:
        return "nothing"
    tx.connection.execute(
        update(_delivery)
        .where(_delivery.c.id == row.id)
        .values(
            state=step.state,
            cause=None,
            state_at=tx.now,
            attempt=0,
            crashes=0,
            finds=0,
            next_attempt_at=tx.now,
            acknowledged_by=None,
            acknowledged_reason=None,
        )
    )
    facts = {
        "from": row.state,
        "state": step.state,
        "reason": tx.commitment(key.agency, reason.encode()),
    }
    tx.audit(Event("delivery.asked_again", key.agency, actor, tx.now, key, row.version, facts))
    return "look" if step.state is State.UNKNOWN else "send"


def _look_again(tx: Tx, key: RecordKey, delivery_id: int, version: int, actor: Actor, reason: str) -> str:
    """Have an older version looked for again that only a person could move: it stands before all newer ones."""
    tx.connection.execute(
        update(_delivery).where(_delivery.c.id == delivery_id).values(next_attempt_at=tx.now, cause=None, finds=0)
    )
    facts = {"from": State.UNKNOWN, "state": State.UNKNOWN, "reason": tx.commitment(key.agency, reason.encode())}
    tx.audit(Event("delivery.asked_again", key.agency, actor, tx.now, key, version, facts))
    return "look"
