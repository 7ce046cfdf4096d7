"""How statements name a record, and how many parameters they may have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Executable, Table, Update, and_, bindparam, update
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


@lru_cache(maxsize=128)
def changing(table: Table, names: tuple[str, ...]) -> Update:
    """Return the statement that changes these columns of the rows of one key, to be run with `given`.

    Made once for the same columns: SQLAlchemy makes a statement in ten times the time in which it runs one."""
    of_row = (table.c[name] == bindparam(f"of_{name}") for name in ("agency", "kind", "local_id"))
    return update(table).where(*of_row).values({name: bindparam(f"to_{name}") for name in names})


@dataclass(slots=True)
class Rows:
    """Rows on their way into the tables: what one statement is given is given to it at once."""

    given: dict[Executable, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, statement: Executable, values: dict[str, Any]) -> None:
        """Keep what a statement is to be run with; every time with the same names."""
        self.given.setdefault(statement, []).append(values)

    def write(self, connection: Connection) -> None:
        """Run the statements, in the order in which they first came, and keep nothing."""
        for statement, values in self.given.items():
            connection.execute(statement, values)
        self.given.clear()


def given(key: RecordKey, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `changing` is run with."""
    changed = {f"to_{name}": value for name, value in values.items()}
    return {"of_agency": key.agency, "of_kind": key.kind, "of_local_id": key.local_id, **changed}


def chunks(values: Sequence[_T], size: int) -> Iterable[Sequence[_T]]:
    """Yield slices: SQLite bounds the number of parameters of a statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
