"""Withdrawing a record nationally: a version of its own kind, with the same life as any other.

Its document is small: whose record, and on what legal ground. Received, the key is retracted; a later version that
puts it there again reinstates it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, case, insert, select, update

from connector.core import lifecycle
from connector.core.chain import canonical, digest
from connector.core.model import Actor, Cause, Event, Operation, RecordKey, State
from connector.errors import DataError
from connector.store.db import Tx
from connector.store.keys import of_key
from connector.store.records import known, supersede_older
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)

ALREADY = "already"


def withdraw(tx: Tx, key: RecordKey, actor: Actor, reason: str, *, withdraws: bool, gone: bool) -> str:
    """Record that the newest version of a key is its withdrawal; return the state of it, or `already`.

    withdraws: the profile can carry it. gone: the source has the record no more, so that a row which comes back is a
    new version whatever it says; otherwise only an edit at the source puts the record there again.
    What was never sent has nothing to be withdrawn: it is not sent any more. Raises DataError for an unknown key."""
    before = known(tx.connection, key.agency, key.kind, [key.local_id]).get(key.local_id)
    if before is None:
        raise DataError("E-KEY-UNKNOWN", key=str(key))
    if _is_withdrawn(tx.connection, key, before.version):
        return ALREADY
    there = _may_be_there(tx.connection, key)
    state, cause = _state(there=there, withdraws=withdraws)
    version = before.version + 1
    supersede_older(tx, key, version, actor)
    body = canonical({"agency_code": key.agency, "kind": key.kind, "local_id": key.local_id, "reason": reason})
    values = _values(tx, key, version, state, cause, body if there else None)
    tx.connection.execute(insert(_delivery).values(values | {"concealed": before.concealed, "change_reason": reason}))
    record: dict[str, Any] = {"version": version}
    if gone or not there:
        record |= {"digest": None, "row_fingerprint": None, "mapping_digest": None}
    tx.connection.execute(update(_record).where(*of_key(_record, key)).values(record))
    facts: dict[str, Any] = {"state": state, "before": before.state, "commitment": tx.commitment(key.agency, body)}
    if cause:
        facts["cause"] = cause
    tx.audit_with_reason(Event("record.withdrawn", key.agency, actor, tx.now, key, version, facts), reason)
    return str(state)


def forgo(tx: Tx, key: RecordKey, actor: Actor) -> None:
    """Send the withdrawal of a key no more if nothing is left to be withdrawn: what was on its way has not arrived.

    Asked of a nation that never had the record, a withdrawal would be refused, and a person asked about nothing."""
    waiting = (*of_key(_delivery, key), _delivery.c.operation == Operation.WITHDRAW, _delivery.c.state == State.PENDING)
    version = tx.connection.execute(select(_delivery.c.version).where(*waiting)).scalar()
    if version is None or _may_be_there(tx.connection, key):
        return
    state, cause = State.NOT_SENT, Cause.EXCLUDED
    values = {"state": state, "cause": cause, "state_at": tx.now, "next_attempt_at": None}
    values |= {"digest": None, "body": None, "body_bytes": 0}
    tx.connection.execute(update(_delivery).where(*waiting).values(values))
    facts: dict[str, Any] = {"state": state, "before": State.PENDING, "cause": cause}
    tx.audit(Event("record.withdrawn", key.agency, actor, tx.now, key, version, facts))


def _state(*, there: bool, withdraws: bool) -> tuple[State, Cause | None]:
    if not there:
        return State.NOT_SENT, Cause.EXCLUDED
    return (State.PENDING, None) if withdraws else (State.NOT_SENT, Cause.NOT_CARRIED)


def _values(
    tx: Tx, key: RecordKey, version: int, state: State, cause: Cause | None, body: bytes | None
) -> dict[str, Any]:
    return {
        "agency": key.agency,
        "kind": key.kind,
        "local_id": key.local_id,
        "version": version,
        "operation": Operation.WITHDRAW,
        "state": state,
        "cause": cause,
        "state_at": tx.now,
        "created_at": tx.now,
        "digest": digest(body) if body else None,
        "body": body,
        "body_bytes": len(body or b""),
        "change_cause": "void",
        "attempt": 0,
        "crashes": 0,
        "finds": 0,
        "next_attempt_at": tx.now if state is State.PENDING else None,
    }


def _is_withdrawn(connection: Connection, key: RecordKey, version: int) -> bool:
    """Whether the newest version is a withdrawal already. One that came to nothing may be asked for again."""
    where = (*of_key(_delivery, key), _delivery.c.version == version)
    row = connection.execute(select(_delivery.c.operation, _delivery.c.state).where(*where)).one()
    return row.operation == Operation.WITHDRAW and row.state in (*_UNDER_WAY, State.RETRACTED)


_UNDER_WAY = (State.PENDING, State.SENDING, State.UNKNOWN)


def _may_be_there(connection: Connection, key: RecordKey) -> bool:
    """Whether the national side holds the record, or may come to hold it by what is on its way."""
    received = case((_record.c.receipt_generation.is_not(None), 1), else_=0)
    if connection.execute(select(received).where(*of_key(_record, key))).scalar():
        return True
    on_its_way = select(_delivery.c.id).where(
        *of_key(_delivery, key), _delivery.c.state.in_([str(state) for state in lifecycle.ACTIVE])
    )
    return connection.execute(on_its_way).first() is not None
