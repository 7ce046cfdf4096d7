"""Where a record stands: its newest version, an older one that the nation may be acting on, what the mirror shows.

The conditions and columns of which every question about current versions is made. "Current" is the newest version of
a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle, statuses
from connector.core.model import Cause, Kind, RecordKey, State
from connector.store.keys import newest_of_record
from connector.store.tables import Delivery, MirrorStatus, Record, Tombstone, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_older = _delivery.alias("older")
_active = _delivery.alias("active")
_noted = _delivery.alias("noted")
_status = table_of(MirrorStatus)
_stone = table_of(Tombstone)

EXPOSED = "exposed"
"""Not a state either: the nation was given a version in clear of what must now be concealed, or any version of what
is a secret now."""

GONE = "gone"
"""Not a state either: two finished sweeps in a row did not find the record at its source."""

RETURNED = "returned"
"""Not a state of a delivery but of the world after it: the national side sent a delivered record back."""

RETURNING = ("returned_for_correction", "duplicate_suspected")
"""Statuses by which it does so; one that we do not know (`statuses.KNOWN`) counts as one of them."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record in a list. `cause` is a Cause, a national status, or the parent's state for a blocked one."""

    key: RecordKey
    version: int
    state: str
    cause: str
    rule: str
    since: datetime
    next_attempt_at: datetime | None
    attempt: int
    problems: tuple[dict[str, str], ...]
    national_id: str
    acknowledged_by: str
    parent: RecordKey | None
    gone: str = ""  # what is decided about a record that its source has no more: keep, withdraw, ask


def current(*columns: Any) -> Select[Any]:
    """Return a SELECT over records, their newest versions, the older one of each that the nation may be acting on (at
    most one: ux_delivery_active), and what the mirror shows of them."""
    joined = (
        _record.join(_delivery, newest_of_record())
        .outerjoin(
            _active,
            and_(
                *_of_same_key(_active),
                _active.c.version < _record.c.version,
                _active.c.state.in_([str(state) for state in lifecycle.ACTIVE]),
            ),
        )
        .outerjoin(_status, and_(*_of_same_key(_status)))
    )
    return select(*columns).select_from(joined)


def standing() -> ColumnElement[str]:
    """Where a key stands, of all its versions. Nothing newer of it goes before an older one that is unknown."""
    return case(
        (_active.c.state.is_not(None), _active.c.state),
        (_delivery.c.state.in_([str(state) for state in lifecycle.NEEDS_ATTENTION]), _delivery.c.state),
        (is_returned(), RETURNED),
        else_=_delivery.c.state,
    )


def is_returned(status: Any = _status) -> ColumnElement[bool]:
    """Received once, sent back since in the nation's own order, and closed neither by a newer version nor by a person
    (see `mirror`). Whatever has become of the record here meanwhile: it is the nation that waits."""
    return and_(
        _record.c.receipt_version.is_not(None),
        status.c.sequence > status.c.closed_sequence,
        or_(status.c.status.in_(RETURNING), status.c.status.not_in(statuses.KNOWN)),
    )


def _of_same_key(table: Any) -> tuple[ColumnElement[bool], ...]:
    return same_key(table, _record)


def same_key(one: Any, other: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that two rows are of one key."""
    return (one.c.agency == other.c.agency, one.c.kind == other.c.kind, one.c.local_id == other.c.local_id)


def is_acknowledged_since(version: Any) -> ColumnElement[bool]:
    """Return the condition that somebody has put their name to a later version of the same key.

    Of the key of `version`, not of the record around it: two queries deep, SQLAlchemy would take another `record`."""
    return exists().where(
        *same_key(_noted, version), _noted.c.version > version.c.version, _noted.c.acknowledged_by.is_not(None)
    )


def is_exposed() -> ColumnElement[bool]:
    """Concealed now and received in clear before, or secret now and received at all; and nobody has put their name to
    it since."""
    received = (
        *_of_same_key(_older),
        _older.c.version < _record.c.version,
        _older.c.receipt_at.is_not(None),
        ~is_acknowledged_since(_older),
    )
    secret = _delivery.c.cause == Cause.BECAME_SECRET
    hidden = or_(
        and_(secret, exists().where(*received)),
        and_(_delivery.c.concealed.is_(True), exists().where(*received, _older.c.concealed.is_(False))),
    )
    return and_(hidden, _delivery.c.state != State.RETRACTED)


LINE_COLUMNS = (
    _record.c.agency,
    _record.c.kind,
    _record.c.local_id,
    _record.c.national_id,
    _delivery.c.version,
    _delivery.c.state,
    _delivery.c.cause,
    _delivery.c.rule,
    _delivery.c.state_at,
    _delivery.c.next_attempt_at,
    _delivery.c.attempt,
    _delivery.c.problems,
    _delivery.c.acknowledged_by,
    _delivery.c.parent_kind,
    _delivery.c.parent_local_id,
    _status.c.status.label("national_status"),
    func.coalesce(_status.c.occurred_at, _status.c.applied_at).label("status_at"),
    select(_stone.c.decision)
    .where(*_of_same_key(_stone), _stone.c.closed_at.is_(None))
    .scalar_subquery()
    .label("gone"),
    _active.c.state.label("active_state"),
    _active.c.cause.label("active_cause"),
    _active.c.rule.label("active_rule"),
    _active.c.next_attempt_at.label("active_next_attempt_at"),
)


def line_of(row: Any) -> Line:
    """Return a row of LINE_COLUMNS and `stands` as a line."""
    parent = RecordKey(row.agency, Kind(row.parent_kind), row.parent_local_id) if row.parent_kind else None
    returned = row.stands == RETURNED
    older = row.stands == row.active_state and row.stands != row.state
    return Line(
        key=RecordKey(row.agency, Kind(row.kind), row.local_id),
        version=row.version,
        state=row.stands,
        cause=row.national_status if returned else (row.active_cause if older else row.cause) or "",
        rule=(row.active_rule if older else row.rule) or "",
        since=row.status_at if returned else row.state_at,
        next_attempt_at=row.active_next_attempt_at if older else row.next_attempt_at,
        attempt=row.attempt,
        problems=tuple(row.problems or ()),
        national_id=row.national_id or "",
        acknowledged_by=row.acknowledged_by or "",
        parent=parent,
        gone=row.gone or "",
    )
