"""The outbox: claiming what is due.

    claim      one transaction: due, not paused, parent has a receipt, no other version of the key on its way, and the
               content of its attachments has arrived
    rescue     claims of a dead owner become unknown; the ordinary resolve stage does the rest
    ask_again  a person wants the newest version looked for, or sent, again

What became of claimed deliveries is written down by `answers.py`.

States change only as `core/lifecycle.py` says. Every function that changes a row writes its audit entry in the same
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, and_, bindparam, exists, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle, pacing
from connector.core.lifecycle import Standing, Step, Wait
from connector.core.model import (
    Actor,
    Capabilities,
    Change,
    Decision,
    Delivery,
    Event,
    Kind,
    Operation,
    RecordKey,
    State,
)
from connector.store import ancestry, asked, attachments, erasure
from connector.store.db import Tx
from connector.store.keys import chunks, of_key, of_record
from connector.store.marks import CHANNEL
from connector.store.refs import own_id, with_refs
from connector.store.tables import Delivery as DeliveryRow
from connector.store.tables import Pause, Record, table_of

_delivery = table_of(DeliveryRow)
_record = table_of(Record)
_pause = table_of(Pause)


FARTHEST_S = 2 * 86_400.0
"""No configuration knows a longer wait. A time beyond it was written while the clock was ahead: it counts as come."""


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
    farthest_s: float = FARTHEST_S,
    repeats: int | None = None,
    turn: int = 0,
) -> list[Delivery]:
    """Return the deliveries now marked `sending`, at most `rows` and about `body_bytes`: in turn one that a person
    asked for, a first attempt and a repeated one, each oldest first, as long as there are any.

    farthest_s: the longest wait there is; what waits for a later time than that is due. repeats: at most so many
    repeated attempts, None: no bound. turn: which share comes first; to be moved on with each claim.

    What the process has died on twice goes alone, when nothing else is due: one bad record stops no other.

    Once the caller's transaction commits, a crash leaves these rows to `rescue`, which makes them `unknown`.
    Empty list: nothing is due. Parents come before children because a child waits for its parent's receipt.
    What is due but hangs on a paper that was concealed or set aside since is held back instead, with cause `guard`,
    until its own row is read again. Uses ix_delivery_due."""
    given = _Given(agency, generation, capabilities, tx.now, farthest_s)
    most = _Most(rows, rows if repeats is None else min(repeats, rows), turn)
    found = _dealt(tx.connection, given, most)
    while overtaken := ancestry.overtaken(tx.connection, agency, [row.id for row in found]):
        _hold_back(tx, [row for row in found if row.id in overtaken], actor)
        found = _dealt(tx.connection, given, most)
    claimed: list[Delivery] = []
    size = 0
    for row in _apart(found):
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
    return with_refs(tx.connection, generation, claimed)


def _apart(rows: Sequence[Any]) -> Sequence[Any]:
    """Return the rows that may be on their way together: all that never crashed us twice, else the first one alone."""
    trusted = [row for row in rows if row.crashes < lifecycle.ALONE_AFTER]
    return trusted or rows[:1]


_said = _delivery.alias("said")


def _hold_back(tx: Tx, rows: Sequence[Any], actor: Actor) -> None:
    """Frozen in clear, and overtaken by what a sweep has read since that broke off before it came to these rows."""
    step = lifecycle.OVERTAKEN
    tx.connection.execute(
        update(_delivery)
        .where(_delivery.c.id.in_([row.id for row in rows]))
        .values(state=step.state, cause=step.cause, state_at=tx.now, next_attempt_at=None)
    )
    for row in rows:
        key = RecordKey(row.agency, Kind(row.kind), row.local_id)
        # Whatever the row says when it is read next, it is recorded as a version of its own.
        tx.connection.execute(
            update(_record)
            .where(*of_key(_record, key), _record.c.version == row.version)
            .values(digest=None, row_fingerprint=None, mapping_digest=None)
        )
        facts = {"from": State.PENDING, "state": step.state, "cause": step.cause}
        tx.audit(Event("delivery.held_back", row.agency, actor, tx.now, key, row.version, facts))


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
    _delivery.c.crashes,
    _delivery.c.change_cause,
    _delivery.c.change_reason,
    exists()
    .where(
        _said.c.agency == _delivery.c.agency,
        _said.c.kind == _delivery.c.kind,
        _said.c.local_id == _delivery.c.local_id,
        _said.c.decided == Decision.CREATE,
    )
    .label("create_decided"),  # of the key, not of one version: a newer one is about the same matter
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
        create_decided=bool(row.create_decided),
    )


def parent_is_received(generation: int, capabilities: Capabilities) -> ColumnElement[bool]:
    """Return the condition that a delivery has no parent to wait for: none, one with a receipt, or one of a kind
    that the profile does not carry."""
    return _parent_is_received(generation, [str(kind) for kind in capabilities.carried])


_parent = _record.alias("parent")


def _parent_is_received(generation: Any, carried: Any) -> ColumnElement[bool]:
    received = exists().where(
        _parent.c.agency == _delivery.c.agency,
        _parent.c.kind == _delivery.c.parent_kind,
        _parent.c.local_id == _delivery.c.parent_local_id,
        _parent.c.receipt_generation == generation,
    )
    return or_(_delivery.c.parent_kind.is_(None), _delivery.c.parent_kind.not_in(carried), received)


def is_paused() -> ColumnElement[bool]:
    """Return the condition that a pause covers a delivery; one of all traffic covers every one."""
    return exists().where(
        _pause.c.agency == _delivery.c.agency,
        or_(_pause.c.kind.in_(["", CHANNEL]), _pause.c.kind == _delivery.c.kind),
        or_(_pause.c.local_id == "", _pause.c.local_id == _delivery.c.local_id),
    )


# --- what is due -----------------------------------------------------------------------------------------------------

# These are asked at every step of every run, and SQLAlchemy makes such a statement in ten times the time in which it
# runs one: so each is made once, and given its values (`_Given`) when it is run.


_OF_AGENCY = _delivery.c.agency == bindparam("agency")
_EACH_OF_AGENCY = _delivery.c.agency.concat("") == bindparam("agency")
"""The same, for no index: where the rows are known, SQLite must not walk through all of the agency's instead."""


def _sendable(of_agency: ColumnElement[bool]) -> ColumnElement[bool]:
    """Pending, and nothing but its time holds it back."""
    other = _delivery.alias("other")
    on_its_way = exists().where(
        other.c.agency == _delivery.c.agency,
        other.c.kind == _delivery.c.kind,
        other.c.local_id == _delivery.c.local_id,
        other.c.state.in_([State.SENDING, State.UNKNOWN]),
    )
    carried: BindParameter[list[str]] = bindparam("carried", expanding=True)
    return and_(
        of_agency,
        _delivery.c.state == State.PENDING,
        _delivery.c.kind.in_(carried),
        ~on_its_way,
        ~is_paused(),
        _parent_is_received(bindparam("generation"), carried),
        attachments.are_there(bindparam("generation")),
    )


def _unknown(of_agency: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(of_agency, _delivery.c.state == State.UNKNOWN, ~is_paused())


_IS_TOO_FAR = _delivery.c.next_attempt_at > bindparam("too_far")
_UNKNOWN = _unknown(_OF_AGENCY)
_LOOKED_FOR = and_(_UNKNOWN, _delivery.c.next_attempt_at.is_not(None))
_SENDABLE = _sendable(_OF_AGENCY)
_FIRST, _AGAIN = _delivery.c.attempt == 0, _delivery.c.attempt > 0


def _come_of(waiting: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """Those of the waiting deliveries whose time has come, and those whose time is none. Who was told to wait stands
    behind who was not."""
    oldest_first = select(_delivery.c.id).order_by(_delivery.c.next_attempt_at, _delivery.c.id)
    times = (_delivery.c.next_attempt_at <= bindparam("now"), _IS_TOO_FAR)
    return tuple(oldest_first.where(waiting, time).limit(bindparam("rows")) for time in times)


def _times_of(waiting: ColumnElement[bool]) -> tuple[Select[Any], ...]:
    """When the first of the waiting deliveries is due, and whether the time of any is none."""
    times = select(_delivery.c.next_attempt_at).where(waiting).order_by(_delivery.c.next_attempt_at).limit(1)
    return times, times.where(_IS_TOO_FAR)


_WANTED_FIRST, _OTHERS_FIRST = (_come_of(and_(_SENDABLE, _FIRST, one)) for one in (asked.is_asked(), ~asked.is_asked()))
_WANTED_FEW = _come_of(and_(asked.is_one_of_few(), _sendable(_EACH_OF_AGENCY), _FIRST))
_REPEATED = _come_of(and_(_SENDABLE, _AGAIN))
_WANTED_UNKNOWN, _OTHERS_UNKNOWN = (_come_of(and_(_UNKNOWN, one)) for one in (asked.is_asked(), ~asked.is_asked()))
_WANTED_FEW_UNKNOWN = _come_of(and_(asked.is_one_of_few(), _unknown(_EACH_OF_AGENCY)))
_NEXT_FOUND = _times_of(_LOOKED_FOR)
_NEXT_SENT = _times_of(_SENDABLE)
_NEXT_FIRST = _times_of(and_(_SENDABLE, _FIRST))
_NEXT_REPEATED = _times_of(and_(_SENDABLE, _AGAIN))


@dataclass(frozen=True, slots=True)
class _Given:
    """What those statements are given."""

    agency: str
    generation: int
    capabilities: Capabilities | None
    now: datetime
    farthest_s: float

    def values(self, **more: Any) -> dict[str, Any]:
        carried = [str(kind) for kind in self.capabilities.carried] if self.capabilities else []
        return {
            "agency": self.agency,
            "generation": self.generation,
            "carried": carried,
            "now": self.now,
            "too_far": self.now + timedelta(seconds=self.farthest_s),
            **more,
        }


def unknowns_due(
    connection: Connection,
    agency: str,
    generation: int,
    now: datetime,
    rows: int,
    *,
    farthest_s: float = FARTHEST_S,
) -> list[Delivery]:
    """Return unknown deliveries whose time to be looked for has come, oldest first. Changes nothing."""
    given = _Given(agency, generation, None, now, farthest_s)
    wanted = _WANTED_FEW_UNKNOWN if asked.are_few(connection) else _WANTED_UNKNOWN
    shares = [_come(connection, share, given, rows) for share in (wanted, _OTHERS_UNKNOWN)]
    found = _whole(connection, pacing.deal(shares, rows, 0))
    return with_refs(connection, generation, [_delivery_of(row, row.attempt) for row in found])


def newest(connection: Connection, key: RecordKey, generation: int) -> Delivery | None:
    """Return the newest version of a key as it would be looked for, None for an unknown key. Changes nothing."""
    where = (*of_key(_delivery, key), _delivery.c.digest.is_not(None))
    row = connection.execute(select(*_CLAIMED).where(*where).order_by(_delivery.c.version.desc()).limit(1)).first()
    return with_refs(connection, generation, [_delivery_of(row, row.attempt)])[0] if row is not None else None


@dataclass(frozen=True, slots=True)
class _Most:
    rows: int
    repeats: int
    turn: int


def _dealt(connection: Connection, given: _Given, most: _Most) -> list[Any]:
    """Return what is claimed of the three shares, whole."""
    wanted = _WANTED_FEW if asked.are_few(connection) else _WANTED_FIRST
    shares = (
        _come(connection, wanted, given, most.rows),
        _come(connection, _OTHERS_FIRST, given, most.rows),
        _come(connection, _REPEATED, given, most.repeats),
    )
    return _whole(connection, pacing.deal(shares, most.rows, most.turn))


def _come(connection: Connection, share: Sequence[Select[Any]], given: _Given, rows: int) -> list[int]:
    """Return the ids of waiting deliveries whose time has come, then of those whose time is none. Uses ix_delivery_due
    twice, which knows the attempts: the rows of other shares are passed over in the index."""
    found: list[int] = []
    for statement in share:
        if len(found) < rows:
            found += connection.execute(statement, given.values(rows=rows - len(found))).scalars()
    return found


def _whole(connection: Connection, ids: Sequence[int]) -> list[Any]:
    """Return these deliveries with their bodies, in the order of the ids."""
    found: dict[int, Any] = {}
    for chunk in chunks(ids, 500):
        rows = connection.execute(select(*_CLAIMED).select_from(_delivery).where(_delivery.c.id.in_(chunk)))
        found |= {row.id: row for row in rows}
    return [found[id_] for id_ in ids]


def next_due(
    connection: Connection,
    agency: str,
    generation: int,
    capabilities: Capabilities,
    now: datetime,
    *,
    farthest_s: float = FARTHEST_S,
    repeats_from: datetime | None = None,
) -> datetime | None:
    """Return when the next delivery of this agency can be sent or looked for, None if nothing waits for time.

    repeats_from: no repeated attempt before then."""
    given = _Given(agency, generation, capabilities, now, farthest_s)
    found = _earliest(connection, _NEXT_FOUND, given)
    if repeats_from is None:
        return _first_of(found, _earliest(connection, _NEXT_SENT, given))
    first = _earliest(connection, _NEXT_FIRST, given)
    again = _earliest(connection, _NEXT_REPEATED, given)
    return _first_of(found, first, again and max(again, repeats_from))


def _first_of(*times: datetime | None) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _earliest(connection: Connection, times: Sequence[Select[Any]], given: _Given) -> datetime | None:
    first, too_far = times
    if connection.execute(too_far, given.values()).first():
        return given.now
    found = connection.execute(first, given.values()).scalar()
    return found if isinstance(found, datetime) else None


# --- after a crash, and on demand ----------------------------------------------------------------------------------


_STRANDED = (
    select(
        _delivery.c.id, _delivery.c.kind, _delivery.c.local_id, _delivery.c.version,
        _record.c.national_id, _record.c.receipt_generation,
    )
    .join(_record, of_record())
    .where(
        _delivery.c.agency == bindparam("agency"),
        _delivery.c.state == State.SENDING,
        or_(_delivery.c.lease_owner == bindparam("owner"), _delivery.c.lease_until < bindparam("now")),
    )
)  # fmt: skip


def rescue(
    tx: Tx, agency: str, generation: int, capabilities: Capabilities, owner: str, actor: Actor, *, died: bool
) -> int:
    """Make unknown what was left in `sending`: our own claims of before, and expired ones of others.

    died: the process died with them, which counts against each; a run that ended in order, because the disk was full or
    the store busy, says nothing of what it sent.
    Bytes may have left, so nobody sends these again before somebody has looked; where nobody can look and a repeated
    one would count twice, they wait for a person at once."""
    rows = tx.connection.execute(_STRANDED, {"agency": agency, "owner": owner, "now": tx.now}).all()
    steps: dict[Step, list[int]] = {}
    for row in rows:
        kind = Kind(row.kind)
        own = own_id(row.national_id, row.receipt_generation, generation)
        step = lifecycle.after_crash(lifecycle.recourse_of(kind, own, capabilities))
        steps.setdefault(step, []).append(row.id)
        facts = {"from": State.SENDING, "state": step.state} | ({"cause": step.cause} if step.cause else {})
        key = RecordKey(agency, kind, row.local_id)
        tx.audit(Event("delivery.rescued", agency, actor, tx.now, key, row.version, facts))
    for step, ids in steps.items():
        for chunk in chunks(ids, 500):
            _strand(tx, chunk, step, died=died)
    erasure.forget_secrets(tx, [row.id for row in rows])
    return len(rows)


def _strand(tx: Tx, ids: Sequence[int], step: Step, *, died: bool) -> None:
    tx.connection.execute(
        update(_delivery)
        .where(_delivery.c.id.in_(ids))
        .values(
            state=step.state,
            cause=step.cause,
            state_at=tx.now,
            crashes=_delivery.c.crashes + died,
            next_attempt_at=tx.now if step.wait is Wait.NOW else None,
            last_sent_at=tx.now,  # the last byte may have left a moment ago
            lease_owner=None,
            lease_until=None,
        )
    )


def ask_again(tx: Tx, key: RecordKey, generation: int, capabilities: Capabilities, actor: Actor, reason: str) -> str:
    """Put the newest version of a key on its way again, as a person asked; return what was done.

    `look`: it will be looked for, and put again only if absent or older; `send`: it will be sent; `in_flight`:
    somebody is at it already; `not_findable`: it may be there, nobody can look, and a second one would count twice, so
    it stays as it is; `nothing`: there is no document to send."""
    row = tx.connection.execute(
        select(
            _delivery.c.id, _delivery.c.state, _delivery.c.version, _delivery.c.body.is_not(None).label("has_body"),
            _record.c.national_id, _record.c.receipt_generation,
        )
        .join(_record, of_record())
        .where(*of_key(_delivery, key))
        .order_by(_delivery.c.version.desc())
        .limit(1)
    ).first()  # fmt: skip
    if row is None:
        return "nothing"
    own = own_id(row.national_id, row.receipt_generation, generation)
    recourse = lifecycle.recourse_of(key.kind, own, capabilities)
    active = tx.connection.execute(
        select(_delivery.c.id, _delivery.c.version, _delivery.c.state, _delivery.c.next_attempt_at).where(
            *of_key(_delivery, key), _delivery.c.state.in_([State.SENDING, State.UNKNOWN]), _delivery.c.id != row.id
        )
    ).first()
    if active and active.state == State.UNKNOWN and active.next_attempt_at is None:
        if not recourse.findable and not recourse.repeatable:
            return "not_findable"
        return _look_again(tx, key, active.id, active.version, actor, reason)
    if active or row.state == State.SENDING:
        return "in_flight"
    step = lifecycle.on_resync(State(row.state), Standing(0, 0, False, bool(row.has_body)), recourse)
    if step is None:
        could_be_there = row.state in (State.DELIVERED, State.UNKNOWN) and not recourse.findable
        return "not_findable" if could_be_there else "nothing"
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
            absents=0,
            next_attempt_at=tx.now,
            acknowledged_by=None,
            acknowledged_reason=None,
            candidates=None,
        )
    )
    asked.note(tx, row.id)
    facts = {"from": row.state, "state": step.state}
    tx.audit_with_reason(Event("delivery.asked_again", key.agency, actor, tx.now, key, row.version, facts), reason)
    return "look" if step.state is State.UNKNOWN else "send"


def _look_again(tx: Tx, key: RecordKey, delivery_id: int, version: int, actor: Actor, reason: str) -> str:
    """Have an older version looked for again that only a person could move: it stands before all newer ones."""
    tx.connection.execute(
        update(_delivery)
        .where(_delivery.c.id == delivery_id)
        .values(next_attempt_at=tx.now, cause=None, finds=0, absents=0, candidates=None)
    )
    asked.note(tx, delivery_id)
    facts = {"from": State.UNKNOWN, "state": State.UNKNOWN}
    tx.audit_with_reason(Event("delivery.asked_again", key.agency, actor, tx.now, key, version, facts), reason)
    return "look"
