"""What a database that nobody has described holds: its tables, their keys, and a sample of rows as shapes.

    list      tables, views, columns, keys and references, as the database itself declares them
    sample    a bounded number of rows of each table, half of them the first by key, half the last, within the time

Read only, one short transaction per table. Nothing of a value leaves but what `core.shapes` keeps.
May import: core, errors, engines, sqlalchemy, the standard library.
"""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, Select, column, inspect, select, table, types
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.engine.reflection import Inspector
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.core.structure import Column, ColumnType, Table
from connector.errors import SourceError
from connector.sources.engines import reading

MAX_TABLES = 2_000
MAX_COLUMNS = 300
MAX_BYTES = 8 * 2**20
"""So much is read of one table at most."""

MAX_LIST = 60
"""A table with more rows is no list of codes."""

TABLE_S = 10.0
ROWS_AT_ONCE = 16

_USABLE = re.compile(r"[^\W\d][\w $#-]{0,127}")
_OWN_SCHEMAS = {
    "postgresql": ("information_schema", "pg_catalog", "pg_toast"),
    "mssql": ("sys", "INFORMATION_SCHEMA", "guest"),
}
_TYPES: tuple[tuple[type[Any], ColumnType], ...] = (
    (types.Boolean, "flag"),
    (types.Integer, "integer"),
    (types.Numeric, "number"),
    (types.DateTime, "instant"),
    (types.Date, "day"),
    (types._Binary, "binary"),  # noqa: SLF001 - the only common ancestor of BLOB, BYTEA and VARBINARY
    (types.String, "text"),
    (types.Uuid, "text"),
)
_DRIVER_ERRORS = (SQLAlchemyError, ValueError, ArithmeticError, OSError)
_CALLED = re.compile(r"ten|name|title", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """The tables; how many could not be looked at; and whether there were more than are looked at."""

    tables: tuple[Table, ...]
    unlooked: int
    is_cut: bool


def look(engine: Engine, *, rows: int, seconds: float, first: Callable[[str], float]) -> Found:
    """Return what is there: of each table at most so many rows, within so many seconds in all.

    first: how much a table's name promises; the higher, the sooner it is looked at. Raises SourceError,
    E-DRAFT-CONNECT, if the database cannot be asked at all."""
    until = time.monotonic() + seconds
    listed = _asked(engine, seconds, lambda connection: list(_tables(inspect(connection), until)))
    if isinstance(listed, str):
        raise SourceError("E-DRAFT-CONNECT", error=listed)
    is_cut = time.monotonic() > until or len(listed) > MAX_TABLES
    listed.sort(key=lambda found: (-first(found.name), found.name))
    looked = [_looked(engine, found, rows, until) for found in listed[:MAX_TABLES]]
    unlooked = sum(not found.looked for found in looked)
    return Found(tuple(looked), unlooked, is_cut)


def _asked(engine: Engine, seconds: float, question: Callable[[Connection], Any]) -> Any:
    """The answer, or the kind of the driver's complaint: its words may show values."""
    try:
        with reading(engine, max(0.1, seconds)) as connection, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of types and indexes that the library does not know
            return question(connection)
    except _DRIVER_ERRORS as error:
        original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        return type(original).__name__


# --- what is declared


def _tables(inspector: Inspector, until: float) -> Iterator[Table]:
    """The tables and views as they are declared; those that can be listed in time."""
    for schema in _schemas(inspector):
        names = [*inspector.get_table_names(schema), *_views(inspector, schema)]
        for name in names:
            if time.monotonic() > until:
                return
            if _USABLE.fullmatch(name):
                yield _table(inspector, schema, name)


def _schemas(inspector: Inspector) -> list[str | None]:
    """The schemas to look into; None is the one that needs no name."""
    dialect = inspector.dialect
    if dialect.name not in _OWN_SCHEMAS:
        return [None]
    own = _OWN_SCHEMAS[dialect.name]
    others = [name for name in inspector.get_schema_names() if name not in own and not name.startswith(("pg_", "db_"))]
    return [None, *(name for name in others if name != inspector.default_schema_name)]


def _views(inspector: Inspector, schema: str | None) -> list[str]:
    try:
        return list(inspector.get_view_names(schema))
    except NotImplementedError:
        return []


def _table(inspector: Inspector, schema: str | None, name: str) -> Table:
    """One table or view; without columns if the database cannot describe it, such as a view of what is gone."""
    quote = inspector.dialect.identifier_preparer.quote
    quoted = f"{quote(schema)}.{quote(name)}" if schema else quote(name)
    try:
        declared = inspector.get_columns(name, schema)[:MAX_COLUMNS]
        columns = tuple(
            Column(one["name"], quote(one["name"]), _type(one)) for one in declared if _USABLE.fullmatch(one["name"])
        )
        key = _key(inspector, schema, name, {one.name for one in columns})
        return Table(name, quoted, columns, key, schema or "", _refers(inspector, schema, name))
    except SQLAlchemyError:
        return Table(name, quoted, (), schema=schema or "")


def _type(found: ReflectedColumn) -> ColumnType:
    return next((word for kind, word in _TYPES if isinstance(found["type"], kind)), "other")


def _key(inspector: Inspector, schema: str | None, name: str, known: set[str]) -> tuple[str, ...]:
    """The primary key, or else the shortest that is declared to be unique."""
    primary = tuple(inspector.get_pk_constraint(name, schema).get("constrained_columns") or ())
    # SQLite keeps what a column declares itself in indexes of its own making; others know no such word and mind it not.
    indexes = inspector.get_indexes(name, schema, include_auto_indexes=True)
    unique = [tuple(column or "" for column in one["column_names"]) for one in indexes if one["unique"]]
    return next((key for key in (primary, *sorted(unique, key=len)) if key and known.issuperset(key)), ())


def _refers(inspector: Inspector, schema: str | None, name: str) -> Mapping[str, tuple[str, str]]:
    found = {}
    for declared in inspector.get_foreign_keys(name, schema):
        if len(declared["constrained_columns"]) == 1 and declared["referred_columns"]:
            found[declared["constrained_columns"][0]] = (declared["referred_table"], declared["referred_columns"][0])
    return found


# --- a sample of the rows


def _looked(engine: Engine, found: Table, rows: int, until: float) -> Table:
    """The table with the shapes of its columns; as it was, and marked so, if it cannot be looked at."""
    left = until - time.monotonic()
    if left <= 0 or not found.columns:
        return replace(found, looked=False)
    words: dict[str, str] = {}
    answer = _asked(engine, min(TABLE_S, left), lambda connection: _sample(connection, found, rows, words))
    for column_ in found.columns:
        column_.shape.settle()
    if isinstance(answer, str):
        return replace(found, looked=False)
    return replace(found, words=words if found.rows <= MAX_LIST else {})


def _sample(connection: Connection, found: Table, rows: int, words: dict[str, str]) -> None:
    taken = [column for column in found.columns if column.type != "binary"]
    names = [one.name for one in taken]
    called = next((name for name in names if _CALLED.search(name)), "")
    budget, last, seen = MAX_BYTES, None, 0
    ways = [_statement(found, names, (rows + 1) // 2 if found.key else rows)]
    while ways:
        result = connection.execute(ways.pop(), execution_options={"stream_results": True})
        for row in result.yield_per(ROWS_AT_ONCE):
            seen += 1
            for one, value in zip(taken, row, strict=True):
                one.shape.add(value)
                budget -= len(value) if isinstance(value, (str, bytes)) else 8
            if len(found.key) == 1:
                last = row[names.index(found.key[0])] if found.key[0] in names else None
                if called and seen <= MAX_LIST and isinstance(row[names.index(called)], str):
                    words[str(last)] = row[names.index(called)]
            if budget <= 0:
                break
        result.close()
        if len(found.key) == 1 and last is not None and seen == (rows + 1) // 2 and budget > 0 and rows > seen:
            ways.append(_statement(found, names, rows - seen, behind=last))


def _statement(found: Table, names: list[str], rows: int, behind: Any = None) -> Select[Any]:
    """The first rows by the key; with `behind`, the last ones down to that key."""
    read = table(found.name, *(column(name) for name in names), schema=found.schema or None)
    statement = select(*read.c).limit(rows)
    if len(found.key) != 1:
        return statement
    key: Any = column(found.key[0])
    if behind is None:
        return statement.order_by(key)
    return statement.where(key > behind).order_by(key.desc())
