"""What the mirror shows of an agency: how many records stand where, and which changes cannot be. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, literal_column, or_, select, text

from connector.core import statuses
from connector.core.model import KINDS, Kind, RecordKey
from connector.store.keys import chunks
from connector.store.tables import ENDED, UNUSUAL, MirrorEvent, MirrorStatus, table_of

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


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest national status of a record. `at`: when it came about, None where only the national list told it."""

    key: RecordKey
    status: str
    at: datetime | None
    acting_agency: str
    national_id: str


def page(
    connection: Connection,
    agency: str,
    kind: Kind,
    *,
    status: str = "",
    after: str = "",
    limit: int = 50,
) -> tuple[list[Standing], str]:
    """Return one page of the records of a kind, in the order of their local ids, and the id after which the next page
    begins: "" where there is none. status: of those that stand there alone.

    No index knows who stands where: for a status MOST_LOOKED_THROUGH records are looked through, and the page may be
    short, or empty, and yet have a next one. What is unusual is found by ix_mirror_status_unusual."""
    if status and status not in _USUAL:
        found, next_ = _unusual(connection, agency, kind, status, after, limit)
    else:
        found, next_ = _in_order(connection, agency, kind, status, after, limit)
    return [
        Standing(RecordKey(agency, kind, row.local_id), row.status, row.occurred_at, row.acting_agency, row.national_id)
        for row in found
    ], next_


MOST_LOOKED_THROUGH = 5_000

_AT_ONCE = 100
"""So many records are read at a time, of which only those of one status are wanted."""

_USUAL = statuses.KNOWN - {"returned_for_correction", "duplicate_suspected"}


def _unusual(
    connection: Connection, agency: str, kind: Kind, status: str, after: str, limit: int
) -> tuple[list[Any], str]:
    """Which ones they are tells ix_mirror_status_unusual alone; of those, no more are read than the page needs."""
    local_id = _status.c.local_id.concat("")  # not by the primary key: that has all the others as well
    all_times = _status.c.applied_at > literal_column("''")  # without it, SQLite takes the primary key
    wanted = (_status.c.agency == agency, text(UNUSUAL), all_times, _status.c.kind.concat("") == kind, local_id > after)
    local_ids = connection.execute(select(_status.c.local_id).where(*wanted)).scalars()
    rows: list[Any] = []
    for chunk in chunks(sorted(local_ids), _AT_ONCE):
        of_chunk = (_status.c.agency == agency, _status.c.kind == kind, _status.c.local_id.in_(chunk))
        found = select(_status).where(*of_chunk, _status.c.status == status).order_by(_status.c.local_id)
        rows += connection.execute(found).all()
        if len(rows) > limit:
            return rows[:limit], str(rows[limit - 1].local_id)
    return rows, ""


def _in_order(
    connection: Connection, agency: str, kind: Kind, status: str, after: str, limit: int
) -> tuple[list[Any], str]:
    looked_through = MOST_LOOKED_THROUGH if status else limit + 1
    wanted = (_status.c.agency == agency, _status.c.kind == kind, _status.c.local_id > after)
    scan = select(_status).where(*wanted).order_by(_status.c.local_id).limit(looked_through).subquery()
    chosen = select(scan).where(scan.c.status == status) if status else select(scan)
    rows = list(connection.execute(chosen.order_by(scan.c.local_id).limit(limit + 1)).all())
    if len(rows) > limit:
        return rows[:limit], str(rows[limit - 1].local_id)
    if not status:
        return rows, ""
    ids = select(_status.c.local_id).where(*wanted).order_by(_status.c.local_id)
    last = connection.execute(ids.offset(looked_through - 1).limit(1)).scalar()
    return rows, str(last or "")
