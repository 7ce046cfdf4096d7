"""What is ready to be sent and is not: it waits for its parent's receipt, or a person has paused it. Reads only."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Capabilities, RecordKey, State
from connector.store.keys import of_key
from connector.store.outbox import is_paused, parent_is_received
from connector.store.tables import Delivery, Record, table_of
from connector.store.views import LINE_COLUMNS, Line, current, line_of, standing

_delivery = table_of(Delivery)
_record = table_of(Record)


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
    wanted = [_record.c.agency == agency, _is_blocked(generation, capabilities)]
    if key is not None:
        wanted += of_key(_record, key)
    rows = connection.execute(
        current(*LINE_COLUMNS, _delivery.c.state.label("stands"), its_state)
        .where(*wanted)
        .order_by(_delivery.c.id)
        .limit(limit)
    )
    return [_blocked_line(row) for row in rows]


def _blocked_line(row: Any) -> Line:
    line = line_of(row)
    return Line(
        line.key, line.version, "blocked", row.parent_state or "", line.rule, line.since, None, line.attempt,
        line.problems, line.national_id, line.acknowledged_by, line.parent, line.gone,
    )  # fmt: skip


def _is_blocked(generation: int, capabilities: Capabilities) -> ColumnElement[bool]:
    return and_(_delivery.c.state == State.PENDING, ~parent_is_received(generation, capabilities))


def blocked_count(connection: Connection, agency: str, generation: int, capabilities: Capabilities) -> int:
    """Return how many current versions wait for a parent."""
    found = current(func.count()).where(_record.c.agency == agency, _is_blocked(generation, capabilities))
    return int(connection.execute(found).scalar_one())


def paused_count(connection: Connection, agency: str, generation: int, capabilities: Capabilities) -> int:
    """Return how many records wait for nothing but the end of a pause that covers them."""
    waits = and_(standing() == State.PENDING, is_paused(), parent_is_received(generation, capabilities))
    found = current(func.count()).where(_record.c.agency == agency, waits)
    return int(connection.execute(found).scalar_one())
