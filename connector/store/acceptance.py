"""A person accepts that the store went back in time: the log goes on from where it is, and says what it has lost.

Between the copy that was put back and the loss, anything that waited may have been sent, and nobody here remembers.
So whatever could have been sent since is looked for before anything leaves, exactly as after a crash.
"""

from __future__ import annotations

from sqlalchemy import exists, select, update

from connector.core import lifecycle
from connector.core.chain import Head
from connector.core.lifecycle import Step, Wait
from connector.core.model import Actor, Capabilities, Event, Kind, RecordKey, State
from connector.store import audit
from connector.store.db import Tx
from connector.store.keys import chunks, of_record
from connector.store.refs import own_id
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)


def accept(
    tx: Tx, agency: str, lost: Head, generation: int, capabilities: Capabilities, plan: str, actor: Actor, reason: str
) -> int:
    """Write down that the head `lost` is lost by this person's decision; make unknown whatever could have been sent
    since. Return how many that were. The transaction must have been begun with the same lost head."""
    told = {"lost_seq": lost.seq, "lost_hash": lost.hash, "plan": plan}
    told["store_seq"] = audit.head_of(tx.connection, agency).seq
    event = Event(audit.ACCEPTED, agency, actor, tx.now, facts=told)
    tx.audit_with_reason(event, reason, "plan", plan)
    return _doubt(tx, agency, generation, capabilities, actor)


def _doubt(tx: Tx, agency: str, generation: int, capabilities: Capabilities, actor: Actor) -> int:
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
            _delivery.c.state.in_([State.PENDING, State.SENDING]),
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
