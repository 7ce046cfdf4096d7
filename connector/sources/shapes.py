"""Which type every column has that a mapping reads: said by the database, for an empty range, so that nothing is read.

A column that turns from a day into a text comes with the same name and other values, and no query fails of it. So the
types are looked at before a sweep and held against those of the last one. Servers tell them of each result; a result of
SQLite has no types, so there the affinities count of the columns that a query names.
May import: core, engines, preparing, sqlalchemy, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, text
from sqlalchemy.engine import CursorResult

from connector.core.kind_mapping import KindMapping
from connector.sources.preparing import Query, lowest_of, queries

MAX_TABLES = 2_000
"""More tables than that are not looked through: then nothing is said of types."""

_TYPE_NAMES = text("SELECT oid, format_type(oid, NULL) FROM pg_type WHERE oid = ANY(:oids)")
_TABLES = text("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') LIMIT :most")
_COLUMNS = text("SELECT name, type FROM pragma_table_xinfo(:name)").bindparams(bindparam("name"))
_AFFINITIES = (
    (("INT",), "integer"),
    (("CHAR", "CLOB", "TEXT"), "text"),
    (("BLOB",), "blob"),
    (("REAL", "FLOA", "DOUB"), "real"),
)
_FAMILIES = {
    **dict.fromkeys(("smallint", "bigint", "tiny", "short", "long", "int24", "longlong", "year", "int"), "integer"),
    **dict.fromkeys(("character varying", "character", "varchar", "var_string", "string", "str", "json"), "text"),
    **dict.fromkeys(("blob", "tiny_blob", "medium_blob", "long_blob", "enum", "set", "char"), "text"),
    **dict.fromkeys(("decimal", "newdecimal", "Decimal"), "numeric"),
    **dict.fromkeys(("real", "double precision", "double"), "float"),
    "newdate": "date",
}
"""Types that differ in size only: a mapping reads the same from them. MariaDB tells texts and bytes by one name."""

_WORD = re.compile(r"\w+")


def shape(connection: Connection, kind: KindMapping, agency: str) -> Mapping[str, str]:
    """Return the type of every column that the queries of a kind read, without its size, by table and column.

    Empty where the database says nothing of types. Whatever the driver raises goes up."""
    lo = lowest_of(connection, kind)
    found: dict[str, Any] = {}
    for table, query in _with_tables(kind):
        given = {"lo": lo, "hi": lo, "agency_code": agency}
        statement = text(query.sql)
        bound = {name: given[name] for name in statement._bindparams}  # noqa: SLF001 - no public way to ask
        result = connection.execute(statement, bound)
        found |= {f"{table}.{name}": code for name, code in _types(result) if name in query.columns}
        result.close()
    return dict(_declared(connection, kind)) if connection.dialect.name == "sqlite" else _named(connection, found)


def _with_tables(kind: KindMapping) -> Iterator[tuple[str, Query]]:
    """The queries with the table that stands for each in messages; the universe decides nothing about values."""
    tables = {"select.sql": kind.select.table}
    tables |= {f"children.{number}.sql": child.table for number, child in enumerate(kind.children)}
    return ((tables[query.place], query) for query in queries(kind) if query.place in tables)


def _types(result: CursorResult[Any]) -> Iterator[tuple[str, Any]]:
    cursor = result.cursor
    return ((described[0], described[1]) for described in (cursor.description if cursor else None) or ())


def _named(connection: Connection, found: Mapping[str, Any]) -> dict[str, str]:
    """The codes of a driver in the words of its database, where they can be had; else as they are."""
    names: Mapping[Any, str] = {}
    if connection.dialect.name == "postgresql":
        oids = sorted({int(code) for code in found.values()})
        names = {row[0]: row[1] for row in connection.execute(_TYPE_NAMES, {"oids": oids})}
    elif connection.dialect.name in ("mysql", "mariadb"):
        names = _mysql_names(connection)
    said = {column: names.get(code) or getattr(code, "__name__", None) or str(code) for column, code in found.items()}
    return {column: _FAMILIES.get(name, name) for column, name in said.items()}


def _mysql_names(connection: Connection) -> dict[Any, str]:
    """The names of the protocol's field types, as their driver knows them."""
    known = getattr(getattr(connection.dialect.dbapi, "constants", None), "FIELD_TYPE", None)
    return {code: name.lower() for name, code in vars(known).items() if name.isupper()} if known else {}


def _declared(connection: Connection, kind: KindMapping) -> Iterator[tuple[str, str]]:
    words = {word.lower() for _, query in _with_tables(kind) for word in _WORD.findall(query.sql)}
    tables = list(connection.scalars(_TABLES, {"most": MAX_TABLES + 1}))
    for table in tables if len(tables) <= MAX_TABLES else ():
        if table.lower() not in words:
            continue
        for name, declared in connection.execute(_COLUMNS, {"name": table}):
            if name.lower() in words:
                yield f"{table}.{name}", _affinity(str(declared).upper())


def _affinity(declared: str) -> str:
    """What SQLite makes of a declared type: all that it does with it, so VARCHAR(50) and TEXT are the same.

    Source: https://www.sqlite.org/datatype3.html, section 3.1."""
    found = (name for words, name in _AFFINITIES if any(word in declared for word in words))
    return next(found, "numeric") if declared else "blob"
