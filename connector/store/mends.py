"""Carrying out what a person approved of a comparison: item by item, each only if the ledger still is as it was judged.

What an item moves, its audit entry and its outcome are one transaction.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from connector.core.accord import Accord, Fix
from connector.core.model import Actor, Capabilities, Event, Held, Kind, RecordKey
from connector.errors import DataError
from connector.store import adoption, comparisons, mirror, outbox
from connector.store.db import Tx
from connector.store.keys import newest_of_record, of_key
from connector.store.tables import Delivery, ReconcileItem, Reconciliation, Record, table_of

_run = table_of(Reconciliation)
_item = table_of(ReconcileItem)
_record = table_of(Record)
_delivery = table_of(Delivery)

CHANGED = "changed"
"""The outcome of an item whose record is not as it was judged: nothing was done about it."""


def run_of_plan(connection: Connection, agency: str, plan: str) -> Any:
    """Return the comparison that a plan belongs to. Raises DataError unless it is the newest one's and not done."""
    row = comparisons.newest(connection, agency)
    if row is None or not row.plan or row.plan != plan:
        raise DataError("E-RECONCILE-PLAN", plan=plan[:40])
    if row.done_at is not None:
        raise DataError("E-PLAN-DONE", plan=plan)
    return row


def approve(tx: Tx, run: Any, actor: Actor, reason: str) -> None:
    """Note who approved the plan, once: an approval that broke off is gone on with by whoever gives it again."""
    if run.approved_by is not None:
        return
    values = {"approved_by": actor.name, "approved_at": tx.now}
    tx.connection.execute(update(_run).where(_run.c.id == run.id).values(values))
    event = Event("reconcile.approved", run.agency, actor, tx.now, facts={"plan": run.plan})
    tx.audit_with_reason(event, reason, "plan", run.plan)


def carry_out(tx: Tx, item: Any, generation: int, capabilities: Capabilities, actor: Actor, reason: str) -> str:
    """Do what one item asks for and return what came of it: look, send, adopted, taken, changed, or why not."""
    key = RecordKey(item.agency, Kind(item.kind), item.local_id)
    outcome = CHANGED
    if _is_as_judged(tx, key, item):
        outcome = _mend(tx, key, item, generation, capabilities, actor, reason)
    tx.connection.execute(update(_item).where(_item.c.id == item.id).values(outcome=outcome))
    return outcome


def _is_as_judged(tx: Tx, key: RecordKey, item: Any) -> bool:
    row = tx.connection.execute(
        select(_record.c.version, _delivery.c.state).join(_delivery, newest_of_record()).where(*of_key(_record, key))
    ).first()
    return (row.version, row.state) == (item.version, item.state) if row else not item.version


def _mend(
    tx: Tx, key: RecordKey, item: Any, generation: int, capabilities: Capabilities, actor: Actor, reason: str
) -> str:
    held = Held(
        key.kind, key.local_id, item.national_id, item.national_version, item.national_digest, item.national_status,
        item.national_sequence, item.entered_by,
    )  # fmt: skip
    if item.fix == Fix.ADOPT:
        adoption.adopt(tx, key, held, generation, actor)
        return "adopted"
    if item.fix == Fix.TAKE_STATUS:
        mirror.take(tx, key.agency, [held], actor)
        return "taken"
    if item.finding == Accord.MISSING_REMOTE:
        _forget_receipt(tx, key)
    return outbox.ask_again(tx, key, generation, capabilities, actor, reason)


def _forget_receipt(tx: Tx, key: RecordKey) -> None:
    """The nation holds it no more: what hangs on it waits until it is there again."""
    nothing = {"receipt_generation": None, "receipt_version": None, "received_at": None}
    tx.connection.execute(update(_record).where(*of_key(_record, key)).values(nothing))


def finish(tx: Tx, run: Any, actor: Actor) -> dict[str, int]:
    """Close the plan with what came of it."""
    came = comparisons.outcomes(tx.connection, run.id)
    tx.connection.execute(update(_run).where(_run.c.id == run.id).values(done_at=tx.now))
    tx.audit(Event("reconcile.carried_out", run.agency, actor, tx.now, facts={"plan": run.plan, "outcomes": came}))
    return came
