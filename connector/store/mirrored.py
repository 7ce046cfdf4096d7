"""What the mirror shows of an agency: how many records stand where, and which changes cannot be. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, text

from connector.core import statuses
from connector.core.model import KINDS, Kind, RecordKey
from connector.store.tables import ENDED, MirrorEvent, MirrorStatus, table_of

_status = table_of(MirrorStatus)
_event = table_of(MirrorEvent)


def national_counts(connection: Connection, agency: str) -> dict[Kind, dict[str, int]]:
    """Return how many records of each kind the mirror shows in which national status; kinds without any are absent."""
    rows = connection.execute(
        select(_status.c.kind, _status.c.status, func.count())
        .where(_status.c.agency == agency)
        .group_by(_status.c.kind, _status.c.status)
        .order_by(_status.c.kind, func.count().desc())
    )
    found: dict[Kind, dict[str, int]] = {}
    for kind, status, count in rows:
        found.setdefault(Kind(kind), {})[status] = count
    return {kind: found[kind] for kind in KINDS if kind in found}


@dataclass(frozen=True, slots=True)
class OddStep:
    """Two national statuses of a record that cannot follow each other, and when the later one came about."""

    key: RecordKey
    before: str
    after: str
    at: datetime


def odd_steps(connection: Connection, agency: str) -> list[OddStep]:
    """Return the impossible changes of status that the feed has told, oldest first. Once an event arrives that belongs
    between the two, they are none any more. Uses ix_mirror_event_ended."""
    ended = (
        select(_event.c.agency, _event.c.kind, _event.c.local_id, _event.c.sequence, _event.c.status)
        .where(_event.c.agency == agency, text(f"mirror_event.{ENDED}"))
        .cte("ended")
        .prefix_with("MATERIALIZED")  # few rows, and SQLite would not believe it
    )
    impossible = [
        and_(ended.c.status == status, _event.c.status.in_(statuses.KNOWN - possible))
        for status, possible in statuses.AFTER_THE_END.items()
    ]
    follows = and_(
        _event.c.agency == ended.c.agency,
        _event.c.kind == ended.c.kind,
        _event.c.local_id == ended.c.local_id,
        _event.c.sequence == ended.c.sequence + 1,
    )
    rows = connection.execute(
        select(_event.c.kind, _event.c.local_id, ended.c.status, _event.c.status.label("after"), _event.c.occurred_at)
        .select_from(ended.join(_event, follows))
        .where(or_(*impossible))
        .order_by(_event.c.applied_at, _event.c.local_id)
    )
    return [
        OddStep(RecordKey(agency, Kind(row.kind), row.local_id), row.status, row.after, row.occurred_at) for row in rows
    ]
