"""What became of deliveries: answers and sightings, written down in groups, one transaction each.

Every function here writes the audit entry of each change in the same transaction; which change an event makes is in
`core/lifecycle.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from connector.core import lifecycle
from connector.core.lifecycle import Limits, Standing, Step, Wait
from connector.core.model import (
    Actor,
    Capabilities,
    Event,
    Kind,
    Outcome,
    Receipt,
    RecordKey,
    Sighting,
    SightingName,
    State,
    VerdictName,
)
from connector.store import erasure
from connector.store.db import Tx
from connector.store.keys import chunks, of_key
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What decides about waits: the limits, the channel's end of hold, and one draw of jitter per delivery."""

    limits: Limits
    jitter: Callable[[], float]
    channel_until: datetime | None = None


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
    erasure.forget_secrets(tx, [outcome.delivery_id for outcome in outcomes])
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
    erasure.forget_secrets(tx, list(by_id))
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
