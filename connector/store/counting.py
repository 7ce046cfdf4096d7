"""How many records stand where, counted without reading the ledger.

Nearly all of a ledger is received and asks for nothing. So what is not is counted through `ix_delivery_listed`, all
records through `ix_record_seen`, and received is what remains. Whether a version is the newest one says
`ix_delivery_newer`, which holds the few that have an older one: the newest version of a key is never superseded, and no
version has a higher number than its record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle
from connector.core.model import KINDS, Cause, Kind, State
from connector.store.keys import newest_of_record
from connector.store.standing import RETURNED, is_acknowledged_since, is_returned, same_key
from connector.store.tables import UNUSUAL, ConcealedLater, Delivery, MirrorStatus, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_newer = _delivery.alias("newer")
_active = _delivery.alias("active")
_older = _delivery.alias("older")
_current = _delivery.alias("current")
_status = table_of(MirrorStatus)
_later = table_of(ConcealedLater)

SETTLED = (State.DELIVERED, State.SUPERSEDED)
"""States of nearly all versions: received, or history."""

_UNSETTLED_STATES = tuple(str(state) for state in State if state not in SETTLED)

IS_LISTED = _delivery.c.version >= literal_column("1")
"""True of every version; said to be served by `ix_delivery_listed` (tables.LISTED)."""


def is_newest(version: Any = _delivery) -> ColumnElement[bool]:
    """Return the condition that a version has no newer one. Uses ix_delivery_newer alone."""
    newer = (*same_key(_newer, version), _newer.c.version > version.c.version, _newer.c.version > literal_column("1"))
    return ~exists().where(*newer)


_OF_AGENCY = _delivery.c.agency == bindparam("agency")
_OF_ALL_KINDS = _delivery.c.kind.in_([str(kind) for kind in KINDS])

_SEEN = (
    select(_record.c.kind, _record.c.seen_sweep, _record.c.seen_before, func.count().label("records"))
    .where(_record.c.agency == bindparam("agency"))
    .group_by(_record.c.kind, _record.c.seen_sweep, _record.c.seen_before)
)
_UNSETTLED = (
    select(_delivery.c.kind, _delivery.c.state, _delivery.c.cause, func.count().label("records"))
    .where(_OF_AGENCY, _OF_ALL_KINDS, _delivery.c.state.in_(_UNSETTLED_STATES), IS_LISTED, is_newest())
    .group_by(_delivery.c.kind, _delivery.c.state, _delivery.c.cause)
)
_OVERTAKEN = (
    select(_delivery.c.kind, _delivery.c.state, _delivery.c.cause, _current.c.state.label("newest"))
    .join(_record, and_(*same_key(_record, _delivery), _record.c.version > _delivery.c.version))
    .join(_current, and_(*same_key(_current, _delivery), _current.c.version == _record.c.version))
    .where(
        _OF_AGENCY,
        _OF_ALL_KINDS,
        _delivery.c.state.in_([str(state) for state in lifecycle.ACTIVE]),
        IS_LISTED,
        ~is_newest(),
    )
)
_MORE_IS_AMISS = or_(
    _active.c.state.is_not(None), _delivery.c.state.in_([str(state) for state in lifecycle.NEEDS_ATTENTION])
)
_UNUSUAL = (
    select(_status)
    .where(
        _status.c.agency == bindparam("agency"),
        text(f"mirror_status.{UNUSUAL}"),
        _status.c.applied_at > literal_column("''"),  # all of them: without it, SQLite takes the primary key
    )
    .cte("unusual")
    .prefix_with("MATERIALIZED")  # few rows, and SQLite would not believe it
)
_RETURNED = (
    select(_delivery.c.kind, _delivery.c.state, _UNUSUAL.c.status, case((_MORE_IS_AMISS, True), else_=False))
    .select_from(_UNUSUAL)
    .join(_record, and_(*same_key(_record, _UNUSUAL)))
    .join(_delivery, newest_of_record())
    .outerjoin(
        _active,
        and_(
            *same_key(_active, _record),
            _active.c.version < _record.c.version,
            _active.c.state.in_([str(state) for state in lifecycle.ACTIVE]),
        ),
    )
    .where(is_returned(_UNUSUAL))
)


@dataclass(frozen=True, slots=True)
class Seen:
    """So many records of a kind were seen by these two sweeps last (`Record.seen_sweep`, `seen_before`)."""

    sweep: int | None
    before: int | None
    records: int


@dataclass(frozen=True, slots=True)
class Census:
    """What all counts are made of, taken in one reading. unsettled: newest versions that are not received, as kind,
    state, cause and how many; overtaken: older versions that the nation may be acting on, as kind, state, cause and
    the state of the newest one; returned: what the nation sent back, as kind, state, national status and whether more
    is amiss with it."""

    seen: Mapping[Kind, tuple[Seen, ...]]
    unsettled: tuple[tuple[str, str, str | None, int], ...]
    overtaken: tuple[tuple[str, str, str | None, str], ...]
    returned: tuple[tuple[str, str, str, bool], ...]

    def records(self, kind: Kind) -> int:
        """Return how many records of a kind there are."""
        return sum(one.records for one in self.seen[kind])

    def returned_as(self, status: str) -> int:
        """Return how many the nation sent back with this status."""
        return sum(one == status for _, _, one, _ in self.returned)


def census(connection: Connection, agency: str) -> Census:
    """Count an agency's records, by what they stand for. Uses ix_record_seen, ix_delivery_listed, ix_delivery_newer and
    ix_mirror_status_unusual; of the ledger itself only what the nation sent back, or may be acting on, is read."""
    given = {"agency": agency}
    seen: dict[Kind, list[Seen]] = {kind: [] for kind in KINDS}
    for kind, sweep, before, records in connection.execute(_SEEN, given):
        seen[Kind(kind)].append(Seen(sweep, before, records))
    unsettled, overtaken, returned = (
        tuple(tuple(row) for row in connection.execute(asked, given)) for asked in (_UNSETTLED, _OVERTAKEN, _RETURNED)
    )
    return Census({kind: tuple(found) for kind, found in seen.items()}, unsettled, overtaken, returned)


def counts(connection: Connection, agency: str, taken: Census | None = None) -> dict[Kind, dict[str, int]]:
    """Return, per kind, how many keys stand where: in the state of their newest version, but in the one of an older
    version if that is on its way or unknown, and RETURNED if the nation sent back what it has, unless more is amiss.

    Every kind is there, also with no records at all. taken: the census of this reading, if there is one already."""
    taken = taken or census(connection, agency)
    found: dict[Kind, Counter[str]] = {kind: Counter() for kind in KINDS}
    for kind, state, _, records in taken.unsettled:
        found[Kind(kind)][state] += records
    for each, by_state in found.items():
        by_state[State.DELIVERED] = taken.records(each) - by_state.total()
    moved = [(kind, newest, state) for kind, state, _, newest in taken.overtaken]
    moved += [(kind, state, RETURNED) for kind, state, _, amiss in taken.returned if not amiss]
    for kind, own, stands in moved:
        found[Kind(kind)][own] -= 1
        found[Kind(kind)][stands] += 1
    return {kind: {str(name): count for name, count in by_state.items() if count} for kind, by_state in found.items()}


def causes(connection: Connection, agency: str, taken: Census | None = None) -> dict[tuple[str, str], int]:
    """Return how many keys have a newest version, or an older one that is unknown, in each pair of state and cause;
    pairs without a cause are left out."""
    taken = taken or census(connection, agency)
    found: Counter[tuple[str, str]] = Counter()
    for _, state, cause, records in taken.unsettled:
        if cause is not None:
            found[state, cause] += records
    for _, state, cause, _ in taken.overtaken:
        if cause is not None:
            found[state, cause] += 1
    return dict(found)


def oldest_pending(connection: Connection, agency: str) -> datetime | None:
    """Return when the oldest of what waits to be sent was recorded, None if nothing waits.

    The oldest is the one with the lowest id, which ix_delivery_due holds: no row is read but that one."""
    where = (_delivery.c.agency == agency, _delivery.c.state == State.PENDING)
    oldest = select(func.min(_delivery.c.id)).where(*where).scalar_subquery()
    found = connection.execute(select(_delivery.c.created_at).where(_delivery.c.id == oldest)).scalar()
    return found if isinstance(found, datetime) else None


# --- what the nation has and must not have ---------------------------------------------------------------------------

_RECEIVED_BEFORE = (
    *same_key(_older, _delivery),
    _older.c.version < _delivery.c.version,
    _older.c.receipt_at.is_not(None),
    ~is_acknowledged_since(_older),
)
_EXPOSED_SECRETS = select(_delivery.c.id).where(
    _OF_AGENCY,
    _OF_ALL_KINDS,
    _delivery.c.state == State.NOT_SENT,
    _delivery.c.cause == Cause.BECAME_SECRET,
    IS_LISTED,
    is_newest(),
    exists().where(*_RECEIVED_BEFORE),
)
_LATER = (
    select(_later).where(_later.c.agency == bindparam("agency")).cte("later").prefix_with("MATERIALIZED")
)  # few rows, and SQLite would not believe it
_GIVEN_IN_CLEAR = (
    select(_delivery.c.id)
    .join(_LATER, and_(*same_key(_LATER, _delivery)))
    .where(
        _delivery.c.version > literal_column("1"),
        _delivery.c.concealed.is_(True),
        is_newest(),
        exists().where(*_RECEIVED_BEFORE, _older.c.concealed.is_(False)),
    )
    .cte("given_in_clear")
    .prefix_with("MATERIALIZED")
)
_EXPOSED_CONCEALED = (
    select(_current.c.id)
    .join(_GIVEN_IN_CLEAR, _GIVEN_IN_CLEAR.c.id == _current.c.id)
    .where(
        _current.c.state != State.RETRACTED,
        or_(_current.c.cause.is_(None), _current.c.cause != Cause.BECAME_SECRET),
    )
)


def given_in_clear() -> CompoundSelect[Any]:
    """Return the statement that gives the newest versions of records which the nation was given in clear and which must
    be concealed now, or are secrets. Given: `agency`."""
    return union_all(_EXPOSED_SECRETS, _EXPOSED_CONCEALED)


def exposed_count(connection: Connection, agency: str) -> int:
    """Return how many records the nation was given in clear that must be concealed now. Of all versions, those alone
    are read of whose key `concealed_later` says that it was in clear before."""
    counted = select(func.count()).select_from(given_in_clear().subquery())
    return int(connection.execute(counted, {"agency": agency}).scalar_one())
