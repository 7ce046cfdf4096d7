"""What people and stages ask the ledger: counts, lists, the books, one record's story. Reads only.

"Current" is the newest version of a key; every question here is about current versions unless it says otherwise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, case, exists, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle, statuses
from connector.core.diff import changed_pointers
from connector.core.model import KINDS, Cause, Kind, RecordKey, State
from connector.store import tombstones
from connector.store.keys import newest_of_record, of_key
from connector.store.records import Reading
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
"""Statuses of the national feed that we know (schemas/codes/national-status.json); any other is shown as returned."""

RETURNING = ("returned_for_correction", "duplicate_suspected")


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


def counts(connection: Connection, agency: str) -> dict[Kind, dict[str, int]]:
    """Return, per kind, how many keys stand where: in the state of their newest version, but in the one of an older
    version if that is on its way or unknown, and RETURNED if the nation sent back what it has, unless more is amiss.

    Every kind is there, also with no records at all."""
    state = standing().label("state")
    rows = connection.execute(
        current(_delivery.c.kind, state, func.count())
        .where(_record.c.agency == agency)
        .group_by(_delivery.c.kind, state)
    )
    found: dict[Kind, dict[str, int]] = {kind: {} for kind in KINDS}
    for kind, name, count in rows:
        found[Kind(kind)][name] = count
    return found


def oldest_pending(connection: Connection, agency: str) -> datetime | None:
    """Return when the oldest of what waits to be sent was recorded, None if nothing waits.

    The oldest is the one with the lowest id, which ix_delivery_due holds: no row is read but that one."""
    where = (_delivery.c.agency == agency, _delivery.c.state == State.PENDING)
    oldest = select(func.min(_delivery.c.id)).where(*where).scalar_subquery()
    found = connection.execute(select(_delivery.c.created_at).where(_delivery.c.id == oldest)).scalar()
    return found if isinstance(found, datetime) else None


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
        (_is_returned(), RETURNED),
        else_=_delivery.c.state,
    )


def _is_returned() -> ColumnElement[bool]:
    """Received once, sent back since in the nation's own order, and closed neither by a newer version nor by a person
    (see `mirror`). Whatever has become of the record here meanwhile: it is the nation that waits."""
    return and_(
        _record.c.receipt_version.is_not(None),
        _status.c.sequence > _status.c.closed_sequence,
        or_(_status.c.status.in_(RETURNING), _status.c.status.not_in(statuses.KNOWN)),
    )


def _of_same_key(table: Any) -> tuple[ColumnElement[bool], ...]:
    return (table.c.agency == _record.c.agency, table.c.kind == _record.c.kind, table.c.local_id == _record.c.local_id)


def _is_exposed() -> ColumnElement[bool]:
    """Concealed now and received in clear before, or secret now and received at all; and nobody has put their name to
    it since."""
    acknowledged = exists().where(
        *_of_same_key(_noted), _noted.c.version > _older.c.version, _noted.c.acknowledged_by.is_not(None)
    )
    received = (
        *_of_same_key(_older),
        _older.c.version < _record.c.version,
        _older.c.receipt_at.is_not(None),
        ~acknowledged,
    )
    secret = _delivery.c.cause == Cause.BECAME_SECRET
    hidden = or_(
        and_(secret, exists().where(*received)),
        and_(_delivery.c.concealed.is_(True), exists().where(*received, _older.c.concealed.is_(False))),
    )
    return and_(hidden, _delivery.c.state != State.RETRACTED)


def exposed_count(connection: Connection, agency: str) -> int:
    """Return how many records the nation was given in clear that must be concealed now."""
    found = current(func.count()).where(_record.c.agency == agency, _is_exposed())
    return int(connection.execute(found).scalar_one())


def lines(
    connection: Connection,
    agency: str,
    *,
    state: str | None = None,
    kind: Kind | None = None,
    cause: Cause | None = None,
    key: RecordKey | None = None,
    limit: int = 1_000,
) -> list[Line]:
    """Return current versions, newest trouble first; `state` may also be RETURNED."""
    wanted = [_record.c.agency == agency]
    if state == RETURNED:
        wanted.append(_is_returned())
    elif state == EXPOSED:
        wanted.append(_is_exposed())
    elif state == GONE:
        wanted.append(tombstones.is_gone())
    elif state is not None:
        wanted.append(or_(_delivery.c.state == state, standing() == state))
    if kind is not None:
        wanted.append(_record.c.kind == kind)
    if cause is not None:
        wanted.append(_delivery.c.cause == cause)
    if key is not None:
        wanted += of_key(_record, key)
    stands = standing() if state in (None, EXPOSED, GONE) else literal(state)
    rows = connection.execute(
        current(*LINE_COLUMNS, stands.label("stands"))
        .where(*wanted)
        .order_by(_delivery.c.state_at.desc(), _delivery.c.id)
        .limit(limit)
    )
    return [line_of(row) for row in rows]


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


@dataclass(frozen=True, slots=True)
class Planned:
    """What a collect would do with one key: create, update, quarantine, same. `changed` names fields, never values."""

    key: RecordKey
    what: str
    changed: tuple[str, ...]
    rules: tuple[str, ...]
    still_bad: bool = False  # held back before, and would be again


def planned_change(connection: Connection, reading: Reading) -> Planned:
    """Return what recording this reading would do. Writes nothing."""
    found = current(_record.c.digest, _delivery.c.body, _delivery.c.state)
    row = connection.execute(found.where(*of_key(_record, reading.key))).first()
    if reading.document is None:
        rules = tuple(sorted({problem.rule for problem in reading.problems}))
        bad = row is not None and row.state == State.QUARANTINED and row.digest is None
        return Planned(reading.key, "quarantine", (), rules, still_bad=bad)
    if row is None:
        return Planned(reading.key, "create", (), ())
    if row.digest == reading.document.digest:
        return Planned(reading.key, "same", (), ())
    before = orjson.loads(row.body) if row.body else {}
    return Planned(reading.key, "update", changed_pointers(before, orjson.loads(reading.document.body)), ())


def newest_body(connection: Connection, key: RecordKey) -> bytes | None:
    """Return the newest version's document, None if it has none or its text was erased."""
    found = connection.execute(current(_delivery.c.body).where(*of_key(_record, key))).scalar()
    return bytes(found) if found is not None else None


def find_keys(connection: Connection, agency: str, local_id: str, kinds: Sequence[Kind] = KINDS) -> list[RecordKey]:
    """Return the keys with this local id, whole or without its source name, in the order of KINDS."""
    like = func.substr(_record.c.local_id, func.instr(_record.c.local_id, ":") + 1)
    rows = connection.execute(
        select(_record.c.kind, _record.c.local_id).where(
            _record.c.agency == agency,
            _record.c.kind.in_([str(kind) for kind in kinds]),
            or_(_record.c.local_id == local_id, like == local_id),
        )
    ).all()
    keys = [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]
    return sorted(keys, key=lambda key: KINDS.index(key.kind))


def key_exists(connection: Connection, key: RecordKey) -> bool:
    """Return whether the ledger has ever seen this key."""
    return connection.execute(select(_record.c.version).where(*of_key(_record, key))).first() is not None


def range_value_of(connection: Connection, key: RecordKey) -> str | None:
    """Return the value by which the source finds this record again."""
    found = connection.execute(select(_record.c.range_value).where(*of_key(_record, key))).scalar()
    return str(found) if found is not None else None


def causes(connection: Connection, agency: str) -> dict[tuple[str, str], int]:
    """Return how many keys have a newest version, or an older one that is unknown, in each pair of state and cause;
    pairs without a cause are left out."""
    found: Counter[tuple[str, str]] = Counter()
    for table in (_delivery, _active):
        rows = connection.execute(
            current(table.c.state, table.c.cause, func.count())
            .where(_record.c.agency == agency, table.c.cause.is_not(None))
            .group_by(table.c.state, table.c.cause)
        )
        found.update({(state, cause): count for state, cause, count in rows})
    return dict(found)


def others_with_problem(connection: Connection, key: RecordKey, rule: str, column: str) -> int:
    """Return how many other quarantined records of this kind have a problem of the same rule and column."""
    rows = connection.execute(
        current(_record.c.local_id, _delivery.c.problems).where(
            _record.c.agency == key.agency,
            _record.c.kind == key.kind,
            _record.c.local_id != key.local_id,
            _delivery.c.state == State.QUARANTINED,
        )
    )
    wanted = (rule, column)
    return sum(
        any((problem.get("rule"), problem.get("column")) == wanted for problem in problems or ())
        for _local_id, problems in rows
    )
