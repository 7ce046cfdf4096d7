"""What is ready to be sent and is not: it waits for its parent's receipt, or a person has paused it. Reads only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, exists, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core import lifecycle
from connector.core.model import KINDS, Capabilities, RecordKey, State
from connector.store import counting, marks
from connector.store.keys import of_key
from connector.store.outbox import is_paused, parent_is_received
from connector.store.standing import LINE_COLUMNS, Line, current, is_returned, line_of, same_key
from connector.store.tables import Delivery, MirrorStatus, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_active = _delivery.alias("active")
_status = table_of(MirrorStatus)

_AT_ONCE = 1_000
"""So many lines are looked for by themselves first; of more it is quicker to make all."""


def blocked(
    connection: Connection,
    agency: str,
    generation: int,
    capabilities: Capabilities,
    limit: int = 1_000,
    *,
    key: RecordKey | None = None,
) -> list[Line]:
    """Return current versions that wait for a parent; their `cause` is the state of the parent's newest version."""
    wanted = [_record.c.agency == agency, _is_blocked(generation, capabilities)]
    if key is not None:
        wanted += of_key(_record, key)
    elif limit <= _AT_ONCE:
        first = _first_blocked(agency, generation, capabilities, limit)
        wanted.append(_delivery.c.id.in_(list(connection.execute(first).scalars())))
    rows = connection.execute(_with_parents().where(*wanted).order_by(_delivery.c.id).limit(limit))
    return [_blocked_line(row) for row in rows]


Place = tuple[datetime, int]
"""Where a version stands among those that wait: when it would be due, and its number."""


def blocked_page(
    connection: Connection,
    agency: str,
    generation: int,
    capabilities: Capabilities,
    after: Place | None = None,
    limit: int = 50,
) -> tuple[list[Line], Place | None]:
    """Return some of the versions that `blocked` returns, in the order in which they would be due, and the `after` of
    those that follow: None where there are no more."""
    first = _first_blocked(agency, generation, capabilities, limit + 1, after)
    places = [(row.next_attempt_at, row.id) for row in connection.execute(first)]
    shown = [id_ for _, id_ in places[:limit]]
    rows = {row.id: row for row in connection.execute(_with_parents().where(_delivery.c.id.in_(shown)))}
    lines = [_blocked_line(rows[id_]) for id_ in shown if id_ in rows]
    return lines, places[limit - 1] if len(places) > limit else None


def _with_parents() -> Select[Any]:
    """Select current versions, each with the state of its parent's newest version."""
    parent = _record.alias("parent_record")
    newest = _delivery.alias("parent_delivery")
    its_state = (
        select(newest.c.state)
        .join(
            parent,
            and_(
                parent.c.agency == newest.c.agency,
                parent.c.kind == newest.c.kind,
                parent.c.local_id == newest.c.local_id,
                parent.c.version == newest.c.version,
            ),
        )
        .where(
            parent.c.agency == _delivery.c.agency,
            parent.c.kind == _delivery.c.parent_kind,
            parent.c.local_id == _delivery.c.parent_local_id,
        )
        .scalar_subquery()
        .label("parent_state")
    )
    return current(_delivery.c.id, *LINE_COLUMNS, _delivery.c.state.label("stands"), its_state)


def _first_blocked(
    agency: str, generation: int, capabilities: Capabilities, limit: int, after: Place | None = None
) -> Select[Any]:
    """Select the first versions that wait for a parent, as they are due: no line is made of any other. Walks along
    ix_delivery_due, and no further than it must."""
    found = select(_delivery.c.id, _delivery.c.next_attempt_at).where(
        _delivery.c.agency == agency,
        _delivery.c.parent_kind.is_not(None),
        _is_blocked(generation, capabilities),
        counting.is_newest(),
    )
    if after is not None:
        due = _delivery.c.next_attempt_at
        found = found.where(due >= after[0], or_(due > after[0], _delivery.c.id > after[1]))
    return found.order_by(_delivery.c.next_attempt_at, _delivery.c.id).limit(limit)


def _blocked_line(row: Any) -> Line:
    line = line_of(row)
    return Line(
        line.key, line.version, "blocked", row.parent_state or "", line.rule, line.since, None, line.attempt,
        line.problems, line.national_id, line.acknowledged_by, line.parent, line.gone,
    )  # fmt: skip


def _is_blocked(generation: int, capabilities: Capabilities) -> ColumnElement[bool]:
    return and_(_delivery.c.state == State.PENDING, ~parent_is_received(generation, capabilities))


def _waiting(agency: str) -> Select[Any]:
    """Count newest versions that wait to be sent. Uses ix_delivery_listed."""
    of_all_kinds = _delivery.c.kind.in_([str(kind) for kind in KINDS])
    waits = (_delivery.c.agency == agency, of_all_kinds, _delivery.c.state == State.PENDING)
    return select(func.count()).select_from(_delivery).where(*waits, counting.IS_LISTED, counting.is_newest())


def blocked_count(connection: Connection, agency: str, generation: int, capabilities: Capabilities) -> int:
    """Return how many current versions wait for a parent."""
    found = _waiting(agency).where(~parent_is_received(generation, capabilities))
    return int(connection.execute(found).scalar_one())


def paused_count(connection: Connection, agency: str, generation: int, capabilities: Capabilities) -> int:
    """Return how many records wait for nothing but the end of a pause that covers them."""
    if not marks.pauses(connection, agency):
        return 0
    active = exists().where(
        *same_key(_active, _delivery), _active.c.state.in_([str(state) for state in lifecycle.ACTIVE])
    )
    returned = exists().where(*same_key(_record, _delivery), *same_key(_status, _delivery), is_returned())
    found = _waiting(agency).where(is_paused(), ~active, ~returned, parent_is_received(generation, capabilities))
    return int(connection.execute(found).scalar_one())
