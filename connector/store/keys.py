"""How statements name a record, and how many parameters they may have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Table, and_
from sqlalchemy.sql.elements import ColumnElement

from connector.core.model import RecordKey
from connector.store.tables import Delivery, Record, table_of

_delivery = table_of(Delivery)
_record = table_of(Record)

_T = TypeVar("_T")


def of_key(table: Table, key: RecordKey) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a row of `table` belongs to this key."""
    return (table.c.agency == key.agency, table.c.kind == key.kind, table.c.local_id == key.local_id)


def of_record() -> ColumnElement[bool]:
    """Return the join condition of a record with its versions."""
    return and_(
        _delivery.c.agency == _record.c.agency,
        _delivery.c.kind == _record.c.kind,
        _delivery.c.local_id == _record.c.local_id,
    )


def newest_of_record() -> ColumnElement[bool]:
    """Return the join condition of a record with its newest version."""
    return and_(of_record(), _delivery.c.version == _record.c.version)


def chunks(values: Sequence[_T], size: int) -> Iterable[Sequence[_T]]:
    """Yield slices: SQLite bounds the number of parameters of a statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
