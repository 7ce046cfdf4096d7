"""Which records make a case: a topmost paper and all that hangs on it, by each record's first parent. Reads only.

For many records at once: some statements per step up or down, whatever their number.
May import: core.closing, ancestry, keys, tables.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from connector.core.closing import Part
from connector.core.model import Kind, RecordKey, State
from connector.store import ancestry
from connector.store.keys import chunks, newest_of_record
from connector.store.standing import same_key
from connector.store.tables import Delivery, MirrorStatus, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)
_status = table_of(MirrorStatus)

MOST_STEPS_UP = 10
"""Nothing hangs on so many papers, one above the other; only a ring does."""


@dataclass(frozen=True, slots=True)
class Case:
    """The records of one case that the ledger knows."""

    keys: frozenset[RecordKey]
    parts: tuple[Part, ...]


def of_records(connection: Connection, agency: str, keys: Collection[RecordKey]) -> dict[RecordKey, Case]:
    """Return the case of each of these records of one agency. Uses ix_record_parent and primary keys."""
    wanted = _tops(connection, agency, keys)
    roots = list(dict.fromkeys(wanted.values()))
    members = [*roots, *ancestry.descendants(connection, agency, roots)]
    top_of = _tops(connection, agency, members)
    found: dict[RecordKey, dict[RecordKey, Part]] = {root: {} for root in roots}
    for row in _rows(connection, _PART, agency, members):
        key = RecordKey(agency, Kind(row.kind), row.local_id)
        part = Part(key.kind, State(row.state), row.state_at, row.status or "", row.status_at)
        found.setdefault(top_of[key], {})[key] = part
    cases = {root: Case(frozenset(parts), tuple(parts.values())) for root, parts in found.items()}
    return {key: cases[root] for key, root in wanted.items()}


def _tops(connection: Connection, agency: str, keys: Collection[RecordKey]) -> dict[RecordKey, RecordKey]:
    """The topmost paper above each key, which may be the key itself, or one that the ledger has never seen."""
    top = {key: key for key in keys}
    for _ in range(MOST_STEPS_UP):
        above = {
            RecordKey(agency, Kind(row.kind), row.local_id): RecordKey(
                agency, Kind(row.parent_kind), row.parent_local_id
            )
            for row in _rows(connection, _PARENT, agency, set(top.values()))
        }
        moved = {key: above[at] for key, at in top.items() if at in above}
        if not moved:
            break
        top |= moved
    return top


_PARENT = select(_record.c.kind, _record.c.local_id, _record.c.parent_kind, _record.c.parent_local_id).where(
    _record.c.parent_kind.is_not(None)
)
_PART = (
    select(
        _record.c.kind,
        _record.c.local_id,
        _delivery.c.state,
        _delivery.c.state_at,
        _status.c.status,
        func.coalesce(_status.c.occurred_at, _status.c.applied_at).label("status_at"),
    )
    .join(_delivery, newest_of_record())
    .outerjoin(_status, and_(*same_key(_status, _record)))
)


def _rows(connection: Connection, asked: Select[Any], agency: str, keys: Collection[RecordKey]) -> Iterator[Any]:
    by_kind: dict[Kind, list[str]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key.local_id)
    for kind, local_ids in by_kind.items():
        for chunk in chunks(local_ids, 500):
            of_these = (_record.c.agency == agency, _record.c.kind == kind, _record.c.local_id.in_(chunk))
            yield from connection.execute(asked.where(*of_these))
