"""What became of deliveries: answers and sightings, written down in groups, one transaction each.

Every function here writes the audit entry of each change in the same transaction; which change an event makes is in
`core/lifecycle.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from connector.core import lifecycle
from connector.core.lifecycle import Absence, Recourse, Step, Wait
from connector.core.model import (
    Actor,
    Capabilities,
    Event,
    Outcome,
    Sighting,
    SightingName,
    State,
    VerdictName,
)
from connector.store import asked, erasure, others, receipts, withdrawals
from connector.store.db import Tx
from connector.store.keys import Rows
from connector.store.settling import Clockwork, InLedger, note_sent, settle, settled, standings, stored

__all__ = ["Clockwork", "finish", "finish_finds"]


def finish(
    tx: Tx,
    outcomes: Sequence[Outcome],
    generation: int,
    capabilities: Capabilities,
    clockwork: Clockwork,
    actor: Actor,
) -> dict[State, int]:
    """Write down what became of claimed deliveries; return how many went to which state.

    Once committed, a crash loses no answer. An outcome whose delivery is no longer `sending` (its lease was taken
    over) is written to the audit log as late and changes nothing. What shows that somebody else sends under our keys is
    counted and told in the entry (`others.py`)."""
    by_id = {outcome.delivery_id: outcome for outcome in outcomes}
    moved: dict[State, int] = {}
    kept: list[dict[str, Any]] = []
    rows, done = Rows(), list[tuple[InLedger, Step]]()
    for standing in standings(tx.connection, list(by_id), generation):
        outcome = by_id[standing.id]
        facts = _facts_of(tx, outcome, standing)
        if standing.state is not State.SENDING:
            note_sent(tx, standing)  # bytes left later than its rescuer knew
            tx.audit(Event("delivery.late", standing.key.agency, actor, tx.now, standing.key, standing.version, facts))
            continue
        if others.is_sign(outcome, standing, tx.now):
            facts["by_another"] = True
            others.note(tx, standing.key.agency, 1)
        recourse = lifecycle.recourse_of(standing.key.kind, standing.own, capabilities)
        step = lifecycle.after_answer(outcome.verdict.name, standing.of_lifecycle(), clockwork.limits, recourse)
        step = lifecycle.of_operation(standing.operation, step)
        values: dict[str, Any] = {
            "rule": outcome.verdict.rule,
            "http_status": outcome.http_status,
            "last_sent_at": tx.now,  # no byte of this attempt leaves after this: from here an ABSENT settles
        }
        if outcome.verdict.name is VerdictName.REJECTED:
            values["problems"] = [asdict(problem) for problem in outcome.verdict.problems]
        if step.state is State.UNKNOWN:
            values["candidates"] = stored(outcome.candidates)
        said = outcome.verdict.receipt
        settle(tx, standing, step, said, values, generation, clockwork, rows=rows)
        if said is not None:
            kept.append(receipts.made(tx, standing, said, generation, outcome.http_status, outcome.answered))
            facts["receipt"] = kept[-1]["sha256"]
        tx.audit(settled(tx, "delivery.answered", standing, step, facts, actor))
        done.append((standing, step))
        moved[step.state] = moved.get(step.state, 0) + 1
    rows.write(tx.connection)
    for standing, step in done:
        _forgo_withdrawal(tx, standing, step, actor)
    receipts.keep(tx, kept)
    erasure.forget_secrets(tx, list(by_id))
    asked.forget_settled(tx, list(by_id))
    return moved


def _facts_of(tx: Tx, outcome: Outcome, standing: InLedger) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "verdict": outcome.verdict.name,
        "rule": outcome.verdict.rule,
        "http_status": outcome.http_status,
        "elapsed_ms": round(outcome.elapsed_s * 1000),
        "attempt": standing.attempt,
        "answer": receipts.commitment_of(tx, standing.key.agency, outcome.answered),
    }
    return facts | ({"candidates": len(outcome.candidates)} if outcome.candidates else {})


def finish_finds(
    tx: Tx,
    sightings: Sequence[Sighting],
    generation: int,
    capabilities: Capabilities,
    clockwork: Clockwork,
    actor: Actor,
) -> dict[State, int]:
    """Write down what was seen of unknown deliveries; return how many went to which state.

    Of a kind that cannot be looked for, a sighting says only that its time has come."""
    by_id = {sighting.delivery_id: sighting for sighting in sightings}
    moved: dict[State, int] = {}
    for standing in standings(tx.connection, list(by_id), generation):
        if standing.state is State.UNKNOWN:
            state = _finish_find(tx, by_id[standing.id], standing, generation, capabilities, clockwork, actor)
            moved[state] = moved.get(state, 0) + 1
    erasure.forget_secrets(tx, list(by_id))
    asked.forget_settled(tx, list(by_id))
    return moved


def _finish_find(
    tx: Tx,
    sighting: Sighting,
    standing: InLedger,
    generation: int,
    capabilities: Capabilities,
    clockwork: Clockwork,
    actor: Actor,
) -> State:
    recourse = lifecycle.recourse_of(standing.key.kind, standing.own, capabilities)
    absents = _absents(standing, sighting.name)
    sent_at = standing.last_sent_at and min(standing.last_sent_at, tx.now)  # not when a clock that was ahead says
    settled_at = sent_at and sent_at + timedelta(seconds=capabilities.absent_after_s)
    absence = Absence(settled_at is None or tx.now >= settled_at, absents >= capabilities.absent_sightings)
    step = lifecycle.after_find(sighting.name, standing.of_lifecycle(), clockwork.limits, recourse, absence)
    step = lifecycle.of_operation(standing.operation, step)
    waits = {Wait.SETTLED: settled_at} if settled_at else {}
    if settled_at and sighting.name is SightingName.ABSENT and not absence.seen_enough:  # two looks, not one twice
        waits[Wait.SETTLED] = max(settled_at, tx.now + timedelta(seconds=clockwork.limits.first_delay_s))
    receipt = sighting.receipt if step.state in (State.DELIVERED, State.RETRACTED) else None
    values = _seen(sighting, standing, recourse, step) | {"absents": absents, "last_sent_at": sent_at}
    settle(tx, standing, step, receipt, values, generation, clockwork, waits)
    facts: dict[str, Any] = {} if recourse.findable else {"rule": sighting.rule}
    if recourse.findable:
        facts = {
            "sighting": sighting.name,
            "rule": sighting.rule,
            "http_status": sighting.http_status,
            "elapsed_ms": round(sighting.elapsed_s * 1000),
        }
        facts |= {"candidates": len(sighting.candidates)} if sighting.candidates else {}
    if receipt is not None:
        row = receipts.made(tx, standing, receipt, generation, sighting.http_status, sighting.answered)
        receipts.keep(tx, [row])
        facts["receipt"] = row["sha256"]
    if sighting.name is not SightingName.HELD:
        event = "delivery.looked_for" if recourse.findable else "delivery.not_findable"
        tx.audit(settled(tx, event, standing, step, facts, actor))
    _forgo_withdrawal(tx, standing, step, actor)
    return step.state


def _forgo_withdrawal(tx: Tx, standing: InLedger, step: Step, actor: Actor) -> None:
    """A version that did not arrive may have been all that its successor was to withdraw."""
    if standing.newest > standing.version and step.state not in (State.DELIVERED, State.UNKNOWN):
        withdrawals.forgo(tx, standing.key, actor)


def _absents(standing: InLedger, sighting: SightingName) -> int:
    """Return how often in a row nothing was seen. A question that never left says nothing either way."""
    if sighting is SightingName.HELD:
        return standing.absents
    return standing.absents + 1 if sighting is SightingName.ABSENT else 0


def _seen(sighting: Sighting, standing: InLedger, recourse: Recourse, step: Step) -> dict[str, Any]:
    asked = recourse.findable and sighting.name is not SightingName.HELD  # else the question never left: no try
    values: dict[str, Any] = {
        "finds": standing.finds + asked,
        "rule": sighting.rule,
        "http_status": sighting.http_status,
    }
    if step.state is State.UNKNOWN and sighting.name not in (SightingName.HELD, SightingName.UNREADABLE):
        values["candidates"] = stored(sighting.candidates)
    return values
