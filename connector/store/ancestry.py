"""What hangs on what, as the ledger knows it: by each record's first parent, over any number of steps.

    overtaken     deliveries whose papers above were concealed or set aside since their text was frozen
    descendants   what goes the same way when a paper is set aside

May import: core.model, keys, tables. Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import Cause, Kind, Operation, RecordKey
from connector.store.keys import chunks, newest_of_record
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)

SET_ASIDE = (Cause.EXCLUDED, Cause.BECAME_SECRET)


def overtaken(connection: Connection, agency: str, ids: Sequence[int]) -> set[int]:
    """Return those of the deliveries that must not leave as they are: something that they hang on is set aside, or
    concealed while they are in clear. A withdrawal always may.

    A few steps along primary keys per delivery: ask it of what is about to be sent, not of a table."""
    found: set[int] = set()
    for chunk in chunks(ids, 500):
        above = (
            select(
                _delivery.c.id,
                _delivery.c.concealed,
                _delivery.c.parent_kind.label("kind"),
                _delivery.c.parent_local_id.label("local_id"),
            )
            .where(
                _delivery.c.id.in_(chunk), _delivery.c.operation == Operation.PUT, _delivery.c.parent_kind.is_not(None)
            )
            .cte("above", recursive=True)
        )
        further = (
            select(above.c.id, above.c.concealed, _record.c.parent_kind, _record.c.parent_local_id)
            .join(above, and_(_record.c.kind == above.c.kind, _record.c.local_id == above.c.local_id))
            .where(_record.c.agency == agency, _record.c.parent_kind.is_not(None))
        )
        above = above.union(further)
        hidden = or_(
            _delivery.c.cause.in_(SET_ASIDE), and_(_delivery.c.concealed.is_(True), above.c.concealed.is_(False))
        )
        # As a subquery, so that SQLite walks from each delivery up, and never along the whole table of records.
        is_hidden = (
            select(_delivery.c.id)
            .join(_record, newest_of_record())
            .where(
                _record.c.agency == agency,
                _record.c.kind == above.c.kind,
                _record.c.local_id == above.c.local_id,
                hidden,
            )
            .correlate(above)
            .exists()
        )
        found.update(connection.execute(select(above.c.id).where(is_hidden)).scalars())
    return found


_CHILDREN = select(_record.c.kind, _record.c.local_id)


def _hang_on(kind: Kind, local_ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (_record.c.parent_kind == kind, _record.c.parent_local_id.in_(local_ids))


def descendants(connection: Connection, agency: str, keys: Sequence[RecordKey]) -> list[RecordKey]:
    """Return everything that hangs on these keys, the nearest first, the keys themselves left out.

    One look per key and step down. Uses ix_record_parent."""
    found: dict[RecordKey, None] = {}
    below: Sequence[RecordKey] = keys
    while below:
        under: list[RecordKey] = []
        by_kind: dict[Kind, list[str]] = {}
        for key in below:
            by_kind.setdefault(key.kind, []).append(key.local_id)
        for kind, local_ids in by_kind.items():
            for chunk in chunks(local_ids, 500):
                rows = connection.execute(_CHILDREN.where(_record.c.agency == agency, *_hang_on(kind, chunk)))
                under += [RecordKey(agency, Kind(row.kind), row.local_id) for row in rows]
        below = [key for key in under if key not in found and key not in keys]
        found.update(dict.fromkeys(below))
    return list(found)
