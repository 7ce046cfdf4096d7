"""Writing one step of `core/lifecycle.py` into the ledger: where a delivery stands, and how it is moved.

Whoever moves a delivery writes the audit entry of it in the same transaction (`answers.py`, `decisions.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, or_, select, update

from connector.core import lifecycle, statuses
from connector.core.lifecycle import Limits, Standing, Step, Wait
from connector.core.model import Actor, Candidate, Cause, Event, Kind, Operation, Receipt, RecordKey, State
from connector.store import mirror, views
from connector.store.db import Tx
from connector.store.keys import Rows, changing, chunks, given, of_key, of_record
from connector.store.refs import own_id
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)

MOST_CANDIDATES = 100
LONGEST_TEXT = 4_000
"""So many candidates of a search are kept, each text of them so long: enough for a person's judgement."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What decides about waits: the limits, the channel's end of hold, and one draw of jitter per delivery."""

    limits: Limits
    jitter: Callable[[], float]
    channel_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InLedger:
    """A delivery as it stands in the ledger just now. `own`: its record's national id in this generation, or ""."""

    id: int
    key: RecordKey
    version: int
    digest: str
    state: State
    cause: Cause | None
    attempt: int
    crashes: int
    finds: int
    absents: int
    has_body: bool
    newest: int
    last_sent_at: datetime | None
    next_attempt_at: datetime | None
    own: str
    operation: Operation
    received_version: int  # the newest that the nation has confirmed in this generation, 0 if none

    def of_lifecycle(self) -> Standing:
        """Return what the tables must know of it."""
        return Standing(self.attempt, self.crashes, self.newest > self.version, self.has_body)


def standings(connection: Connection, ids: Sequence[int], generation: int) -> list[InLedger]:
    """Return where these deliveries stand, in the order of their ids."""
    found: list[InLedger] = []
    for chunk in chunks(ids, 500):
        rows = connection.execute(_STANDINGS.where(_delivery.c.id.in_(chunk)).order_by(_delivery.c.id))
        found += [_in_ledger(row, generation) for row in rows]
    return found


def active(connection: Connection, key: RecordKey, generation: int) -> InLedger | None:
    """Return the version of a key that is unknown, if one is: there is at most one. Uses ux_delivery_active."""
    unknown = _STANDINGS.where(*of_key(_delivery, key), _delivery.c.state == State.UNKNOWN)
    row = connection.execute(unknown).first()
    return _in_ledger(row, generation) if row is not None else None


_STANDINGS = select(
    _delivery.c.id,
    _delivery.c.agency,
    _delivery.c.kind,
    _delivery.c.local_id,
    _delivery.c.version,
    _delivery.c.digest,
    _delivery.c.state,
    _delivery.c.cause,
    _delivery.c.attempt,
    _delivery.c.crashes,
    _delivery.c.finds,
    _delivery.c.absents,
    _delivery.c.body.is_not(None).label("has_body"),
    _record.c.version.label("newest"),
    _delivery.c.last_sent_at,
    _delivery.c.next_attempt_at,
    _record.c.national_id,
    _record.c.receipt_generation,
    _delivery.c.operation,
    _record.c.receipt_version,
).join(_record, of_record())


def _in_ledger(row: Any, generation: int) -> InLedger:
    return InLedger(
        id=row.id,
        key=RecordKey(row.agency, Kind(row.kind), row.local_id),
        version=row.version,
        digest=row.digest or "",
        state=State(row.state),
        cause=Cause(row.cause) if row.cause else None,
        attempt=row.attempt,
        crashes=row.crashes,
        finds=row.finds,
        absents=row.absents,
        has_body=bool(row.has_body),
        newest=row.newest,
        last_sent_at=row.last_sent_at,
        next_attempt_at=row.next_attempt_at,
        own=own_id(row.national_id, row.receipt_generation, generation),
        operation=Operation(row.operation),
        received_version=row.receipt_version if row.receipt_generation == generation else 0,
    )


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


@lru_cache(maxsize=64)
def _settling(names: tuple[str, ...]) -> Update:
    """The same, with what else may change; made once for the same columns."""
    return _SETTLE.values({name: bindparam(f"to_{name}") for name in names})


def settle(
    tx: Tx,
    standing: InLedger,
    step: Step,
    receipt: Receipt | None,
    values: Mapping[str, Any],
    generation: int,
    clockwork: Clockwork,
    waits: Mapping[Wait, datetime] | None = None,
    rows: Rows | None = None,
) -> None:
    """Move one delivery as the step says; with a receipt, the record moves forward too. rows: what is written later,
    with others; None: it is written at once."""
    written = Rows() if rows is None else rows
    times = max(standing.finds + 1 if standing.state is State.UNKNOWN else standing.attempt, 1)
    answered = values.get("http_status") is not None
    due = _due_at(step, tx.now, times, clockwork, waits or {}, answered=answered)
    moved: dict[str, Any] = dict(values)
    if step.state is not State.UNKNOWN:
        moved |= {"candidates": None, "absents": 0}  # nobody has to choose any more
    if receipt is not None:
        moved |= {
            "national_id": receipt.national_id,
            "national_status": receipt.status,
            "received_at": receipt.received_at,
            "receipt_at": tx.now,
            "problems": None,
        }
    written.add(
        _settling(tuple(moved)),
        {
            **{f"to_{name}": value for name, value in moved.items()},
            "b_id": standing.id,
            "b_state": step.state,
            "b_cause": step.cause,
            "b_state_at": tx.now,
            "b_attempt": max(standing.attempt - step.attempt_back, 0),
            "b_next_attempt_at": due,
        },
    )
    if step.state is State.RETRACTED:
        _take_back(tx, standing)
    elif receipt is not None:
        if _is_certainly_new(standing, receipt, str(values.get("rule"))):
            mirror.mend(written, standing.key)
        _confirm(written, tx.now, standing, receipt, generation)
    if rows is None:
        written.write(tx.connection)


def note_sent(tx: Tx, standing: InLedger) -> None:
    """Note that bytes of a delivery may have left until now: from here an ABSENT settles, and what was not seen before
    says nothing."""
    noted = update(_delivery).where(_delivery.c.id == standing.id).values(last_sent_at=tx.now, absents=0)
    tx.connection.execute(noted)


def _is_certainly_new(standing: InLedger, receipt: Receipt, rule: str) -> bool:
    """Whether the nation has a newer version now than what it may have sent back.

    A first attempt that was answered at once cannot have been sent back yet. A later answer, or a sighting, can tell
    of a version that lay there for long: only if its status is a good one, nothing has become of it."""
    if standing.version <= standing.received_version:
        return False
    if standing.state is State.SENDING and standing.attempt == 1 and not rule.startswith("looked-first"):
        return True
    return receipt.status in statuses.KNOWN and receipt.status not in views.RETURNING


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


_CONFIRM = changing(_record, ("receipt_generation", "receipt_version", "national_id", "received_at")).where(
    or_(
        _record.c.receipt_generation.is_(None),
        _record.c.receipt_generation != bindparam("to_receipt_generation"),
        _record.c.receipt_version <= bindparam("to_receipt_version"),
    )
)


def _confirm(rows: Rows, now: datetime, standing: InLedger, receipt: Receipt, generation: int) -> None:
    values = {
        "receipt_generation": generation,
        "receipt_version": standing.version,
        "national_id": receipt.national_id,
        "received_at": receipt.received_at or now,
    }
    rows.add(_CONFIRM, given(standing.key, values))


def _take_back(tx: Tx, standing: InLedger) -> None:
    """The nation holds the record no more: what hangs on it waits until it is put there again."""
    tx.connection.execute(
        update(_record)
        .where(*of_key(_record, standing.key))
        .values(receipt_generation=None, receipt_version=None, received_at=None)
    )


def settled(tx: Tx, name: str, standing: InLedger, step: Step, facts: dict[str, Any], actor: Actor) -> Event:
    """Return the audit event of a step: from which state to which, and why."""
    facts |= {"from": standing.state, "state": step.state}
    if step.cause:
        facts["cause"] = step.cause
    return Event(name, standing.key.agency, actor, tx.now, standing.key, standing.version, facts)


def stored(candidates: Sequence[Candidate]) -> list[dict[str, str]] | None:
    """Return candidates as the ledger keeps them, bounded; None if there are none."""
    kept = [asdict(candidate) for candidate in candidates[:MOST_CANDIDATES]]
    return [{name: text[:LONGEST_TEXT] for name, text in one.items()} for one in kept] or None
