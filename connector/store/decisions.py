"""What only a person can settle: the list of it, one record with its candidates, and the person's word.

A word is a short transaction, possible at any time, also while the daemon runs: what waits for a person is moved by
nobody else. What a word may do is in `core/lifecycle.py` (`ON_DECISION`, `DECIDABLE`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from connector.core import lifecycle
from connector.core.lifecycle import Limits
from connector.core.model import Actor, Candidate, Cause, Decision, Kind, Receipt, RecordKey, State
from connector.errors import DataError
from connector.store import asked, erasure, withdrawals
from connector.store.db import Tx
from connector.store.keys import of_key, of_record
from connector.store.refs import own_id
from connector.store.settling import Clockwork, InLedger, active, settle, settled
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)

LINKED = "linked"
"""What a receipt says of its status where it stands on a decision and not on an answer."""

LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """One delivery that waits for a person. `newest` is the newest version of its key, `own` its national id as far as
    the ledger knows it; body and candidates are class C2 and C3: for eyes, masked, and never for a log."""

    key: RecordKey
    version: int
    newest: int
    cause: str
    rule: str
    since: datetime
    attempt: int
    last_sent_at: datetime | None
    body: bytes | None
    concealed: bool
    candidates: tuple[Candidate, ...]
    own: str
    parent: RecordKey | None

    @property
    def decidable(self) -> bool:
        """Return whether a person's word can end the wait."""
        return self.cause in lifecycle.DECIDABLE


def _waits() -> tuple[Any, ...]:
    return (_delivery.c.state == State.UNKNOWN, _delivery.c.next_attempt_at.is_(None))


def counts(connection: Connection, agency: str) -> dict[str, int]:
    """Return how many records wait for a person, by cause. At most one version of a key does. Uses ix_delivery_due."""
    rows = connection.execute(
        select(_delivery.c.cause, func.count().label("waiting"))
        .where(_delivery.c.agency == agency, *_waits())
        .group_by(_delivery.c.cause)
    )
    return {row.cause: row.waiting for row in rows}


def waiting(
    connection: Connection,
    agency: str,
    generation: int,
    *,
    kind: Kind | None = None,
    key: RecordKey | None = None,
    limit: int = 1_000,
) -> list[Waiting]:
    """Return what waits for a person, longest first."""
    wanted = [_delivery.c.agency == agency, *_waits()]
    if kind is not None:
        wanted.append(_delivery.c.kind == kind)
    if key is not None:
        wanted += of_key(_delivery, key)
    rows = connection.execute(
        select(
            _delivery,
            _record.c.version.label("newest"),
            _record.c.national_id.label("own_id"),
            _record.c.receipt_generation,
        )
        .join(_record, of_record())
        .where(*wanted)
        .order_by(_delivery.c.state_at, _delivery.c.id)
        .limit(limit)
    )
    return [_waiting(row, generation) for row in rows.mappings()]


def _waiting(row: Mapping[Any, Any], generation: int) -> Waiting:
    agency = row["agency"]
    parent = RecordKey(agency, Kind(row["parent_kind"]), row["parent_local_id"]) if row["parent_kind"] else None
    return Waiting(
        key=RecordKey(agency, Kind(row["kind"]), row["local_id"]),
        version=row["version"],
        newest=row["newest"],
        cause=row["cause"] or "",
        rule=row["rule"] or "",
        since=row["state_at"],
        attempt=row["attempt"],
        last_sent_at=row["last_sent_at"],
        body=row["body"],
        concealed=bool(row["concealed"]),
        candidates=tuple(Candidate(**candidate) for candidate in row["candidates"] or ()),
        own=own_id(row["own_id"], row["receipt_generation"], generation),
        parent=parent,
    )


# --- the person's word -----------------------------------------------------------------------------------------------


def check(
    connection: Connection,
    key: RecordKey,
    generation: int,
    decision: Decision,
    *,
    to: str = "",
    not_listed: bool = False,
) -> State:
    """Return the state that a decision would lead to; write nothing.

    Raises DataError: E-UNKNOWN-NOT-WAITING (nobody is asked about this record), E-UNKNOWN-UNSAFE (a word cannot end
    this wait), and for a link E-NATIONAL-ID (no id), E-CANDIDATE-UNKNOWN (no candidate has it, and it was not said to
    come from elsewhere), E-CANDIDATE-TAKEN (it belongs to another record)."""
    found = waiting(connection, key.agency, generation, key=key)
    standing = active(connection, key, generation)
    if not found or standing is None:
        raise DataError("E-UNKNOWN-NOT-WAITING", key=str(key))
    step = lifecycle.on_decision(decision, standing.cause, standing.of_lifecycle())
    if step is None:
        raise DataError("E-UNKNOWN-UNSAFE", key=str(key), kind=str(key.kind), id=key.local_id)
    if decision is Decision.LINK:
        _check_id(connection, found[0], generation, to, not_listed=not_listed)
    return step.state


def _check_id(connection: Connection, record: Waiting, generation: int, to: str, *, not_listed: bool) -> None:
    if not to.strip() or len(to) > LONGEST_ID or not to.isprintable():
        raise DataError("E-NATIONAL-ID")
    known = {candidate.national_id for candidate in record.candidates} | {record.own}
    if to not in known and not not_listed:
        raise DataError("E-CANDIDATE-UNKNOWN", to=to, kind=str(record.key.kind), id=record.key.local_id)
    if record.cause != Cause.SEVERAL:  # of a kind that cannot be found the id may be that of the case, for all of them
        return
    other = connection.execute(
        select(_record.c.local_id).where(
            _record.c.agency == record.key.agency,
            _record.c.kind == record.key.kind,
            _record.c.local_id != record.key.local_id,
            _record.c.national_id == to,
            _record.c.receipt_generation == generation,
        )
    ).scalar()
    if other is not None:
        raise DataError("E-CANDIDATE-TAKEN", to=to, kind=str(record.key.kind), id=other)


def link(
    tx: Tx, key: RecordKey, generation: int, to: str, actor: Actor, reason: str, *, not_listed: bool = False
) -> State:
    """Adopt a national record as ours, on a person's word: delivered, with a receipt that says so.

    Raises as `check` does. Newer versions of the key go on from there, as its updates."""
    check(tx.connection, key, generation, Decision.LINK, to=to, not_listed=not_listed)
    standing = _standing(tx, key, generation)
    receipt = Receipt(to, standing.version, standing.digest, tx.now, LINKED)
    facts = {"national_id": to, "listed": not not_listed}
    return _decide(tx, standing, Decision.LINK, receipt, facts, generation, actor, reason)


def create(tx: Tx, key: RecordKey, generation: int, actor: Actor, reason: str) -> State:
    """Send a record, or send it again, on a person's word that it is not there; return `pending`, or `superseded`
    where a newer version goes in its place.

    Raises as `check` does. The word is kept with the key: what a look before sending shows is not asked again."""
    check(tx.connection, key, generation, Decision.CREATE)
    return _decide(tx, _standing(tx, key, generation), Decision.CREATE, None, {}, generation, actor, reason)


def _standing(tx: Tx, key: RecordKey, generation: int) -> InLedger:
    standing = active(tx.connection, key, generation)
    if standing is None:
        raise DataError("E-UNKNOWN-NOT-WAITING", key=str(key))
    return standing


def _decide(
    tx: Tx,
    standing: InLedger,
    decision: Decision,
    receipt: Receipt | None,
    facts: Mapping[str, Any],
    generation: int,
    actor: Actor,
    reason: str,
) -> State:
    step = lifecycle.on_decision(decision, standing.cause, standing.of_lifecycle())
    step = lifecycle.of_operation(standing.operation, step) if step is not None else None
    if step is None:
        raise DataError("E-UNKNOWN-UNSAFE", key=str(standing.key), kind=standing.key.kind, id=standing.key.local_id)
    values = {
        "decided": decision,
        "decided_by": actor.name,
        "decided_reason": reason,
        "crashes": 0,
        "finds": 0,
        "acknowledged_by": None,
        "acknowledged_reason": None,
    }
    fresh = replace(standing, attempt=0) if receipt is None else standing
    settle(tx, fresh, step, receipt, values, generation, Clockwork(Limits(), lambda: 0.0))
    if step.state is State.PENDING:
        asked.note(tx, standing.id)
    told = {"decision": decision, "was": standing.cause, **facts}
    tx.audit_with_reason(settled(tx, "delivery.decided", standing, step, told, actor), reason)
    if standing.newest > standing.version and receipt is None:
        withdrawals.forgo(tx, standing.key, actor)
    erasure.forget_secrets(tx, [standing.id])
    return step.state
