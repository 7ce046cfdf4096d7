"""Any database with SQL as a source: full sweeps by key ranges, single records, counts of what was left out.

    range   the next `page_rows` keys above lo, found on the index that the mapping names
    read    root rows, child rows and the universe between lo and hi, in one transaction
    page    rows with their children and fingerprints, problems, counts: see `paging.py`

May import: core, errors, base, engines, paging, sqlalchemy, the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import URL, ColumnClause, Connection, TableClause, column, func, or_, select, table, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.errors import SourceError
from connector.sources.base import Page
from connector.sources.engines import open_engine, reading
from connector.sources.paging import Packed, Results, Rows, make_page, pack

Answer = TypeVar("Answer")

ROWS_AT_ONCE = 16
"""So few rows are taken from the driver at once that even enormous values fit."""

MAX_PAGE_BYTES = 64 * 2**20
"""No query of a page brings more than this: choose fewer keys per page, or leave the large column out."""

# What drivers raise besides their own errors: texts and days that Python cannot hold. All of them may show values.
_DRIVER_ERRORS = (SQLAlchemyError, ValueError, ArithmeticError, OSError)


class SqlSource:
    """One agency's database by SQLAlchemy URL. For one thread at a time.

    `evidence_key` keys the fingerprints: outside the agency they say nothing. A page has at most `page_rows` keys,
    each of its queries at most `max_rows` rows (more: E-SOURCE-BOUND) and `query_timeout_s` seconds."""

    def __init__(
        self,
        url: str | URL,
        agency: str,
        mapping: CompiledMapping,
        evidence_key: bytes,
        *,
        page_rows: int = 500,
        max_rows: int = 20_000,
        query_timeout_s: float = 60.0,
    ) -> None:
        self._engine = open_engine(url)
        self._agency = agency
        self._mapping = mapping
        self._evidence_key = evidence_key
        self._page_rows = page_rows
        self._max_rows = max_rows
        self._query_timeout_s = query_timeout_s

    def probe(self) -> None:
        """See `Source`."""
        for kind in self._mapping.kinds:
            mapping = self._mapping.kind(kind)
            self._ask(mapping, partial(_lowest, kind=mapping))

    def count(self, kind: KindMapping) -> int:
        """See `Source`."""
        return self._ask(kind, partial(_count, kind=kind))

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """See `Source`. Records without a range key stand in no page: the first one counts them as unexplained."""
        without_key = 0
        if lo is None:
            lowest, without_key = self._ask(kind, partial(_start, kind=kind))
            if lowest is None and not without_key:
                return
            lo = None if lowest is None else below(lowest)
        while True:
            found = None if lo is None else self._ask(kind, partial(self._next, kind=kind, lo=lo))
            if found is None and not without_key:
                return
            results = found or Results(lo, None, Rows((), ()), {}, None)
            yield make_page(kind, self._agency, self._evidence_key, results, without_key)
            if found is None:
                return
            lo, without_key = found.hi, 0

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """See `Source`. A value may be a text: it is read as the range column's own type."""
        for value in values:
            results = self._ask(kind, partial(self._single, kind=kind, value=value))
            yield make_page(kind, self._agency, self._evidence_key, results, 0)

    def close(self) -> None:
        """See `Source`."""
        self._engine.dispose()

    def _ask(self, kind: KindMapping, question: Callable[[Connection], Answer]) -> Answer:
        """Ask in one transaction. Whatever the driver complains about, only the kind of its complaint goes on."""
        connected = False
        try:
            with reading(self._engine, self._query_timeout_s) as connection:
                connected = True
                return question(connection)
        except _DRIVER_ERRORS as error:
            name, code = _complaint(error)
        # Raised here, outside of `except`: the driver's error, with the values in it, is no longer attached.
        id_ = "E-SOURCE-QUERY" if connected else "E-SOURCE-CONNECT"
        raise SourceError(id_, agency=self._agency, kind=kind.kind, table=kind.select.table, error=name, code=code)

    def _next(self, connection: Connection, kind: KindMapping, lo: Any) -> Results | None:
        """What lies between lo and the page_rows-th key above it; None if no key is above it."""
        walked = _range_column(kind)
        keys = select(walked.label("k")).select_from(_range_table(kind)).where(walked > lo)
        keys_of_page = keys.order_by(walked).limit(self._page_rows).subquery()
        hi = connection.scalar(select(func.max(keys_of_page.c.k)))
        if hi is None:
            return None
        if hi == lo:
            # The driver gives the key back shorter than the database compares it: the sweep would stand still.
            raise self._too_much(kind, 0)
        return self._between(connection, kind, lo, hi)

    def _single(self, connection: Connection, kind: KindMapping, value: Any) -> Results:
        lowest = _lowest(connection, kind)
        hi = _alike(value, lowest)
        if isinstance(hi, int) or lowest is None:
            lo = hi - 1 if isinstance(hi, int) else hi
        else:
            walked = _range_column(kind)
            before = connection.scalar(select(func.max(walked)).select_from(_range_table(kind)).where(walked < hi))
            lo = below(lowest) if before is None else before
        return self._between(connection, kind, lo, hi)

    def _between(self, connection: Connection, kind: KindMapping, lo: Any, hi: Any) -> Results:
        return Results(
            lo=lo,
            hi=hi,
            root=self._rows(connection, kind, kind.select.sql, lo, hi),
            children={c.name: self._rows(connection, kind, c.sql, lo, hi) for c in kind.children},
            universe=self._rows(connection, kind, kind.universe.sql, lo, hi) if kind.universe else None,
        )

    def _rows(self, connection: Connection, kind: KindMapping, sql: str, lo: Any, hi: Any) -> Rows:
        """Read one query of a page, row by row: a value too large to be a text is let go at once."""
        statement = text(sql)
        given = {"lo": lo, "hi": hi, "agency_code": self._agency}
        bound = {name: given[name] for name in statement._bindparams}  # noqa: SLF001 - no public way to ask
        result = connection.execute(statement, bound, execution_options={"stream_results": True})
        names = tuple(result.keys())
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise SourceError(
                "E-SOURCE-COLUMN", agency=self._agency, kind=kind.kind, table=kind.select.table, column=twice
            )
        packed: list[Packed] = []
        size = 0
        for row in pack(names, result.yield_per(ROWS_AT_ONCE)):
            packed.append(row)
            size += len(row.data)
            if len(packed) > self._max_rows or size > MAX_PAGE_BYTES:
                raise self._too_much(kind, len(packed))
        return Rows(names, tuple(packed))

    def _too_much(self, kind: KindMapping, rows: int) -> SourceError:
        return SourceError("E-SOURCE-BOUND", agency=self._agency, kind=kind.kind, table=kind.select.table, rows=rows)


def below(value: Any) -> Any:
    """Return a value of the same type that lies below it in every ordering that databases have for the type."""
    match value:
        case bool() | int() | float() | Decimal():
            return value - 1
        case datetime():
            return value - timedelta(seconds=1)
        case date():
            return value - timedelta(days=1)
        case bytes():
            return b""
        case UUID():
            return UUID(int=0)
        case _:
            return ""


def _alike(value: Any, sample: Any) -> Any:
    """The value as the range column's own type: a local_id only knows texts."""
    if not isinstance(value, str) or isinstance(sample, str) or sample is None:
        return value
    reads: dict[type, Callable[[str], Any]] = {
        int: int,
        float: float,
        Decimal: Decimal,
        UUID: UUID,
        bytes: bytes.fromhex,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    return reads.get(type(sample), str)(value)


def _range_column(kind: KindMapping) -> ColumnClause[Any]:
    return column(kind.range_column)


def _range_table(kind: KindMapping) -> TableClause:
    return table(kind.range_table, schema=kind.range_schema)


def _lowest(connection: Connection, kind: KindMapping) -> Any:
    return connection.scalar(select(func.min(_range_column(kind))).select_from(_range_table(kind)))


def _count(connection: Connection, kind: KindMapping) -> int:
    return int(connection.scalar(select(func.count()).select_from(_range_table(kind))) or 0)


def _start(connection: Connection, kind: KindMapping) -> tuple[Any, int]:
    """The lowest key there is (None: no key), and how many records have none, so that no page can hold them."""
    walked = _range_column(kind)
    lowest = _lowest(connection, kind)
    if isinstance(lowest, str):
        lowest = connection.scalar(select(func.min(walked)).select_from(_range_table(kind)).where(walked > ""))
        blank = or_(walked.is_(None), walked == "")
    else:
        blank = walked.is_(None)
    without_key = connection.scalar(select(func.count()).select_from(_range_table(kind)).where(blank))
    return lowest, int(without_key or 0)


def _complaint(error: BaseException) -> tuple[str, str]:
    """The kind of a driver's complaint and its code: both are words of the driver, never values."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    return type(original).__name__, str(code)[:40]
