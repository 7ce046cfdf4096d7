"""What people and stages ask the ledger: counts, lists, the books, one record's story. Reads only.

"Current" is the newest version of a key; every question here is about current versions unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, literal, or_, select, tuple_

from connector.core.diff import changed_pointers
from connector.core.model import Kind, RecordKey, State
from connector.store import pages, tombstones
from connector.store.counting import Census, causes, census, counts, exposed_count, oldest_pending
from connector.store.days import Day, per_day
from connector.store.keys import chunks, of_key
from connector.store.pages import Page, page
from connector.store.records import Reading
from connector.store.standing import (
    EXPOSED,
    GONE,
    LINE_COLUMNS,
    RETURNED,
    RETURNING,
    Line,
    current,
    is_exposed,
    is_returned,
    line_of,
    standing,
)
from connector.store.tables import Delivery, Record, table_of

__all__ = [
    "EXPOSED",
    "GONE",
    "RETURNED",
    "RETURNING",
    "Census",
    "Day",
    "Line",
    "Page",
    "Planned",
    "causes",
    "census",
    "counts",
    "current",
    "exposed_count",
    "key_exists",
    "lines",
    "newest_body",
    "oldest_pending",
    "others_with_problem",
    "page",
    "per_day",
    "planned_change",
    "range_value_of",
]

_delivery = table_of(Delivery)
_record = table_of(Record)


def lines(
    connection: Connection,
    agency: str,
    *,
    state: str | None = None,
    kind: Kind | None = None,
    cause: str | None = None,
    key: RecordKey | None = None,
    limit: int = 1_000,
) -> list[Line]:
    """Return current versions, newest trouble first; `state` may also be RETURNED, EXPOSED or GONE.

    With a key: its one line, if it is in that state."""
    if key is None:
        return pages.lines(connection, agency, state=state, kind=kind, cause=cause, limit=limit)
    wanted = of_key(_record, key)
    if state == RETURNED:
        wanted += (is_returned(),)
    elif state == EXPOSED:
        wanted += (is_exposed(),)
    elif state == GONE:
        wanted += (tombstones.is_gone(),)
    elif state is not None:
        wanted += (or_(_delivery.c.state == state, standing() == state),)
    stands = standing() if state in (None, EXPOSED, GONE) else literal(state)
    rows = connection.execute(current(*LINE_COLUMNS, stands.label("stands")).where(*wanted).limit(limit))
    return [line_of(row) for row in rows]


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
    if row.body is None:  # an erased text, or none before: nobody can tell in which fields it was another
        return Planned(reading.key, "update", (), ())
    before, after = orjson.loads(row.body), orjson.loads(reading.document.body)
    return Planned(reading.key, "update", changed_pointers(before, after), ())


def newest_body(connection: Connection, key: RecordKey) -> bytes | None:
    """Return the newest version's document, None if it has none or its text was erased."""
    found = connection.execute(current(_delivery.c.body).where(*of_key(_record, key))).scalar()
    return bytes(found) if found is not None else None


def key_exists(connection: Connection, key: RecordKey) -> bool:
    """Return whether the ledger has ever seen this key."""
    return connection.execute(select(_record.c.version).where(*of_key(_record, key))).first() is not None


def known_among(connection: Connection, agency: str, keys: Iterable[RecordKey]) -> set[RecordKey]:
    """Return those of an agency's keys that the ledger has ever seen."""
    wanted = sorted({(str(key.kind), key.local_id) for key in keys})
    found: set[RecordKey] = set()
    for chunk in chunks(wanted, 500):
        rows = connection.execute(
            select(_record.c.kind, _record.c.local_id).where(
                _record.c.agency == agency, tuple_(_record.c.kind, _record.c.local_id).in_(chunk)
            )
        )
        found.update(RecordKey(agency, Kind(kind), local_id) for kind, local_id in rows)
    return found


def range_value_of(connection: Connection, key: RecordKey) -> str | None:
    """Return the value by which the source finds this record again."""
    found = connection.execute(select(_record.c.range_value).where(*of_key(_record, key))).scalar()
    return str(found) if found is not None else None


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
