"""Whether a database has what a mapping's queries speak of: each is asked for an empty range, and nothing is read.

A query that the database refuses is a mistake of the mapping (or of a grant), not an outage: no waiting helps. The
names that are told are words of the mapping's own SQL, found again there: a driver's text never leaves this folder.
May import: core, errors, engines, sqlalchemy, the standard library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnClause, Connection, Engine, Select, column, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.core.kind_mapping import KindMapping, Range
from connector.core.mapping import CompiledMapping
from connector.errors import ConfigProblem, MappingError, SourceError
from connector.sources.engines import reading

_COLUMN = (
    r"no such column: (\S+)",  # SQLite
    r'column "?([^"\s]+)"? does not exist',  # PostgreSQL
    r"Unknown column '([^']+)'",  # MySQL, MariaDB
    r"Invalid column name '([^']+)'",  # SQL Server
    r"ORA-00904: (\S+): invalid identifier",  # Oracle
)  # fmt: skip
_TABLE = (
    r"no such table: (\S+)",
    r'relation "([^"]+)" does not exist',
    r"Table '([^']+)' doesn't exist",
    r"Invalid object name '([^']+)'",
    r'ORA-00942: table or view (?:"[^"]+"\.)?"?([^"\s]+)"? does not exist',
)

_REFUSED = frozenset({1054, 1064, 1142, 1143, 1146, 1305, 1370})
"""MySQL and MariaDB: unknown column, syntax, no grant on table or column, no table, no routine, no grant on it."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query of a mapping file: where it stands, and the result columns that the mapping reads of it."""

    place: str
    sql: str
    columns: frozenset[str]


def queries(kind: KindMapping) -> Iterator[Query]:
    """Yield root, children and universe of one kind."""
    yield Query("select.sql", kind.select.sql, kind.needed.root | set(kind.key))
    for number, child in enumerate(kind.children):
        needed = kind.needed.children.get(child.name, frozenset())
        yield Query(f"children.{number}.sql", child.sql, needed | set(child.key))
    if kind.universe:
        yield Query("universe.sql", kind.universe.sql, frozenset({*kind.key, "excluded"}))


def prepare(engine: Engine, agency: str, mapping: CompiledMapping, timeout_s: float) -> None:
    """Ask every query of the mapping for an empty range. Raises MappingError with everything that the database does
    not have or refuses, SourceError if it cannot be asked at all."""
    problems: list[ConfigProblem] = []
    for name in mapping.kinds:
        kind = mapping.kind(name)
        asked = _Asked(engine, agency, kind, f"{mapping.system}/{kind.kind}.toml", timeout_s)
        lowest: Any = None
        found: list[ConfigProblem] = []
        for walked in kind.ranges:
            lowest, missing = asked.of("range", f"{walked.table} {walked.column}", partial(_lowest, walked=walked))
            found += missing
        problems += found
        for query in () if found else queries(kind):
            names, found = asked.of(query.place, query.sql, partial(_names, query=query, agency=agency, lo=lowest))
            absent = [] if found else sorted(query.columns - set(names))
            problems += [*found, *(asked.problem("E-CFG-SQL-RESULT", query.place, found=one) for one in absent)]
    if problems:
        raise MappingError("E-SOURCE-MISFIT", problems, agency=agency)


def lowest_of(connection: Connection, kind: KindMapping) -> Any:
    """Return a key of the type that the ranges of a kind have; None where its tables are empty."""
    return next((key for walked in kind.ranges if (key := _lowest(connection, walked)) is not None), None)


def lowest_key(walked: Range) -> Select[Any]:
    """Return the statement for the lowest key of a range table. Not by MIN: PostgreSQL before 18 has none for uuid."""
    key: ColumnClause[Any] = column(walked.column)
    rows = table(walked.table, schema=walked.schema or None)
    return select(key).select_from(rows).where(key.is_not(None)).order_by(key).limit(1)


def _lowest(connection: Connection, walked: Range) -> Any:
    return connection.scalar(lowest_key(walked))


def _names(connection: Connection, query: Query, agency: str, lo: Any) -> list[str]:
    statement = text(query.sql)
    given = {"lo": lo, "hi": lo, "agency_code": agency}
    bound = {name: given[name] for name in statement._bindparams}  # noqa: SLF001 - no public way to ask
    result = connection.execute(statement, bound)
    names = list(result.keys())
    result.close()
    return names


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks what: the place of a query, for its problems."""

    engine: Engine
    agency: str
    kind: KindMapping
    file: str
    timeout_s: float

    def of(self, place: str, sql: str, question: Callable[[Connection], Any]) -> tuple[Any, list[ConfigProblem]]:
        """Return the answer, or the problem of a query that the database does not take. Raises SourceError."""
        connected = False
        try:
            with reading(self.engine, self.timeout_s) as connection:
                connected = True
                return question(connection), []
        except (SQLAlchemyError, ValueError, ArithmeticError, OSError) as error:
            original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            problem = self._refusal(place, sql, original) if connected else None
            name, code = type(original).__name__, _code_of(original)
        # Outside of `except`: the driver's error, with the values in it, is no longer attached.
        if problem is not None:
            return None, [problem]
        id_ = "E-SOURCE-QUERY" if connected else "E-SOURCE-CONNECT"
        of = self.kind
        raise SourceError(id_, agency=self.agency, kind=of.kind, table=of.select.table, error=name, code=code)

    def problem(self, id_: str, place: str, **values: str) -> ConfigProblem:
        """Return a problem of a query at this place."""
        return ConfigProblem(id_, file=self.file, key=place, agency=self.agency, expected="", **values)

    def _refusal(self, place: str, sql: str, error: BaseException) -> ConfigProblem | None:
        for id_, patterns in (("E-CFG-SQL-COLUMN", _COLUMN), ("E-CFG-SQL-TABLE", _TABLE)):
            if (name := _named(patterns, str(error), sql)) is not None:
                return self.problem(id_, place, found=name)
        if not _is_refusal(error):
            return None
        return self.problem("E-CFG-SQL-REFUSED", place, found="", error=type(error).__name__, code=_code_of(error))


def _named(patterns: tuple[str, ...], said: str, sql: str) -> str | None:
    """The name in a driver's complaint, if it is a word of the mapping's own SQL."""
    for pattern in patterns:
        if found := re.search(pattern, said):
            name = re.sub(r'["`\[\]]', "", found.group(1)).rpartition(".")[2]
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE):
                return name
    return None


def _is_refusal(error: BaseException) -> bool:
    code = _code_of(error)
    number = error.args[0] if error.args else None
    named = type(error).__name__ == "ProgrammingError"
    return named or code == "SQLITE_ERROR" or code.startswith("42") or number in _REFUSED


def _code_of(error: BaseException) -> str:
    code = getattr(error, "sqlite_errorname", None) or getattr(error, "sqlstate", None) or ""
    return str(code)[:40]
