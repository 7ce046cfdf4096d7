"""What a source can say besides its rows: its own time, which rows were changed lately, whether it gives snapshots.

Times here are wall times of the source, naive, as its software writes them: they are compared with nothing but each
other. A column of changes may be of a date type, or text as `2026-11-22 05:48:22`.
May import: core, errors, sqlalchemy, the standard library.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, and_, column, func, or_, select, table, text
from sqlalchemy.sql.elements import ColumnClause, ColumnElement

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.sources.base import Place

_CLOCKS = {
    "postgresql": "SELECT LOCALTIMESTAMP",
    "mysql": "SELECT NOW(6)",
    "mariadb": "SELECT NOW(6)",
    "mssql": "SELECT SYSDATETIME()",
    "oracle": "SELECT CAST(SYSTIMESTAMP AS TIMESTAMP) FROM DUAL",
}

_WITHOUT_SNAPSHOT = frozenset({"mssql"})
"""Their default isolation shows each query of a page another moment."""

_TRANSACTIONAL = ("INNODB", "ROCKSDB", "TOKUDB", "XTRADB", "NDBCLUSTER")


def clock(connection: Connection, mapping: CompiledMapping) -> datetime | None:
    """Return the source's own time. SQLite has no clock of its own: this machine's, in the mapping's zone.

    None: the mapping's query gave no time."""
    asked = mapping.clock or _CLOCKS.get(_name(connection), "")
    if not asked:
        return datetime.now(ZoneInfo(mapping.timezone)).replace(tzinfo=None)
    return as_time(connection.scalar(text(asked)))


def later_than(connection: Connection, kind: KindMapping, moment: datetime) -> int:
    """Return how many rows say that they were changed after this moment; 0 if the kind names no such column."""
    sample = _sample(connection, kind)
    return 0 if sample is None else int(connection.scalar(_later(kind, _alike(moment, sample))) or 0)


def changed(
    connection: Connection, kind: KindMapping, since: datetime, after: Place | None, until: datetime, rows: int
) -> list[Place]:
    """Return the next places of rows changed from `since` to `until`, both included, in the order of (time, key).

    Rows without a time, and with one that no time can be, are in none: full sweeps read them."""
    sample = _sample(connection, kind)
    if sample is None:
        return []
    found = _places(kind, _alike(since, sample), after, _alike(until, sample), rows)
    places = [(as_time(row.at), row.at, row.place) for row in connection.execute(found)]
    return [Place(moment, raw, key) for moment, raw, key in places if moment is not None]


def _later(kind: KindMapping, moment: Any) -> Select[Any]:
    return select(func.count()).select_from(_table(kind)).where(_changed_at(kind) > moment)


def _places(kind: KindMapping, since: Any, after: Place | None, until: Any, rows: int) -> Select[Any]:
    at = _changed_at(kind)
    key: ColumnClause[Any] = column(kind.range_column)
    beyond = at >= since
    if after is not None:
        beyond = or_(at > after.raw, and_(at == after.raw, key > after.key))
    return (
        select(at.label("at"), key.label("place"))
        .select_from(_table(kind))
        .where(beyond, at <= until, key.is_not(None))
        .distinct()
        .order_by(at, key)
        .limit(rows)
    )


def has_snapshot(connection: Connection, kind: KindMapping) -> bool:
    """Return whether the queries of one page see one moment, as far as the kind of the database and its tables tell."""
    name = _name(connection)
    if name in _WITHOUT_SNAPSHOT:
        return False
    if name not in ("mysql", "mariadb"):
        return True
    name_: ColumnClause[str] = column("TABLE_NAME")
    engine: ColumnClause[str] = column("ENGINE")
    found = select(name_).select_from(table("TABLES", schema="information_schema"))
    others = found.where(column("TABLE_SCHEMA") == func.database(), func.upper(engine).not_in(_TRANSACTIONAL))
    named = [str(name).lower() for name in connection.scalars(others)]
    said = " ".join((kind.select.sql, kind.range_table, *(child.sql for child in kind.children))).lower()
    return not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in named)


def as_time(value: Any) -> datetime | None:
    """Return a driver's value as wall time, None for what is none (NULL, zero dates, words)."""
    match value:
        case datetime():
            return value.replace(tzinfo=None)
        case date():
            return datetime.combine(value, time())
        case str():
            try:
                return datetime.fromisoformat(value.strip()).replace(tzinfo=None)
            except ValueError:
                return None
        case _:
            return None


def _alike(moment: datetime, sample: Any) -> Any:
    """The moment as the column writes it."""
    if not isinstance(sample, str):
        return moment
    return moment.isoformat(sep="T" if sample.strip()[10:11] == "T" else " ", timespec="seconds")


def _sample(connection: Connection, kind: KindMapping) -> Any:
    """Some value of the column of changes; None if the kind names none, or no row has one."""
    if not kind.settings.changed_at:
        return None
    return connection.scalar(_newest_change(kind.range_schema, kind.range_table, kind.settings.changed_at))


@lru_cache(maxsize=256)
def _newest_change(schema: str | None, name: str, changed: tuple[str, ...]) -> Select[Any]:
    return select(func.max(_first_of(changed))).select_from(table(name, schema=schema))


def _changed_at(kind: KindMapping) -> ColumnElement[Any]:
    return _first_of(kind.settings.changed_at)


def _first_of(columns: tuple[str, ...]) -> ColumnElement[Any]:
    """The first column that is not NULL. A single one stays itself: its index can answer."""
    found: list[ColumnElement[Any]] = [column(name) for name in columns]
    return func.coalesce(*found) if len(found) > 1 else found[0]


def _table(kind: KindMapping) -> Any:
    return table(kind.range_table, schema=kind.range_schema)


def _name(connection: Connection) -> str:
    dialect = connection.dialect
    return "mariadb" if getattr(dialect, "is_mariadb", False) else dialect.name
