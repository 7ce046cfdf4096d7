"""Any database with SQL as a source: full sweeps by key ranges, single records, counts of what was left out.

    range   the next `page_rows` keys above lo, found on the index that the mapping names
    read    root rows, child rows and the universe between lo and hi, in one transaction; too much: half the keys
    page    rows with their children and fingerprints, problems, counts: see `paging.py`

May import: core, errors, base, engines, paging, sqlalchemy, the standard library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import (
    URL,
    ColumnClause,
    Connection,
    Engine,
    Select,
    TextClause,
    UnaryExpression,
    asc,
    column,
    desc,
    func,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from connector.core.keys import is_whole
from connector.core.kind_mapping import KindMapping, Range
from connector.core.mapping import CompiledMapping
from connector.core.model import Kind, Problem
from connector.errors import SourceError
from connector.sources import changes, shapes
from connector.sources.base import Page, Place
from connector.sources.engines import open_engine, reading
from connector.sources.paging import Packed, Results, Rows, make_page, pack
from connector.sources.preparing import lowest_key, prepare

Answer = TypeVar("Answer")

ROWS_AT_ONCE = 16
"""So few rows are taken from the driver at once that even enormous values fit."""

MAX_PAGE_BYTES = 64 * 2**20
"""No query of a page brings more than this: fewer keys are taken, and one record alone that has more is refused."""

CODE_COLUMNS = 2
"""A query for codes gives the code and its name."""

MAX_REFUSED = 100
"""So many refused records in a row are no accident: the query is wrong, and their database is spared the rest."""

_NO_KEY: dict[type, Any] = {str: "", UUID: UUID(int=0)}
"""How a key of such a type says nothing, besides NULL. Nothing lies below it, so no range can hold it."""

# What drivers raise besides their own errors: texts and days that Python cannot hold. All of them may show values.
_DRIVER_ERRORS = (SQLAlchemyError, ValueError, ArithmeticError, OSError)


class _TooMuchError(Exception):
    """A query between lo and hi brought more than `bound`. Never leaves this module."""

    def __init__(self, lo: Any, hi: Any, bound: str) -> None:
        self.lo, self.hi, self.bound = lo, hi, bound
        super().__init__(bound)


class SqlSource:
    """One agency's database by SQLAlchemy URL, or by an engine that reads. For one thread at a time.

    `evidence_key` keys the fingerprints: outside the agency they say nothing. A page has at most `page_rows` keys,
    each of its queries at most `max_rows` rows and `query_timeout_s` seconds. Where that is not enough a page has fewer
    keys; a record that brings more alone is a problem of its page, and the sweep goes on behind it."""

    def __init__(
        self,
        url: str | URL | Engine,
        agency: str,
        mapping: CompiledMapping,
        evidence_key: bytes,
        *,
        page_rows: int = 500,
        max_rows: int = 20_000,
        query_timeout_s: float = 60.0,
    ) -> None:
        self._engine = url if isinstance(url, Engine) else open_engine(url)
        self._agency = agency
        self._mapping = mapping
        self._evidence_key = evidence_key
        self._page_rows = page_rows
        self._max_rows = max_rows
        self._query_timeout_s = query_timeout_s
        self._snapshots: dict[Kind, bool] = {}

    def probe(self) -> None:
        """See `Source`."""
        prepare(self._engine, self._agency, self._mapping, self._query_timeout_s)
        for kind in self._mapping.mappings.values():
            self.part(kind, "0", 0, 1)

    def count(self, kind: KindMapping) -> int:
        """See `Source`."""
        return self._ask(kind, partial(_count, kind=kind))

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """See `Source`. Records without a range key stand in no page: the first one counts them as unexplained."""
        outside: tuple[tuple[Problem, int], ...] = ()
        if lo is None:
            lowest, without_key = self._ask(kind, partial(_start, kind=kind))
            lo = None if lowest is None else below(lowest)
            outside = _outside(kind, "E-MAP-EMPTY-KEY", str(without_key), without_key)
        for results in self._walk(kind, lo):
            yield self._page(kind, replace(results, outside=(*outside, *results.outside)))
            outside = ()
        if outside:
            yield self._page(kind, Results(None, None, outside=outside))

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """See `Source`. A value may be a text: it is read as the range column's own type."""
        for value in values:
            try:
                results = self._ask(kind, partial(self._single, kind=kind, value=value))
            except _TooMuchError as too_much:
                results = self._refused(kind, too_much)
            yield self._page(kind, results)

    def clock(self, kind: KindMapping) -> datetime:
        """See `Source`."""
        found = self._ask(kind, partial(changes.clock, mapping=self._mapping))
        if found is None:
            raise SourceError("E-SOURCE-CLOCK", agency=self._agency)
        return found

    def later_than(self, kind: KindMapping, moment: datetime) -> int:
        """See `Source`."""
        return self._ask(kind, partial(changes.later_than, kind=kind, moment=moment))

    def changed(self, kind: KindMapping, since: datetime, after: Place | None, until: datetime) -> list[Place]:
        """See `Source`. At most `page_rows` places."""
        found = partial(changes.changed, kind=kind, since=since, after=after, until=until, rows=self._page_rows)
        return self._ask(kind, found)

    def shape(self, kind: KindMapping) -> Mapping[str, str]:
        """See `Source`."""
        return self._ask(kind, partial(shapes.shape, kind=kind, agency=self._agency))

    def part(self, kind: KindMapping, key: str, start: int, count: int) -> bytes:
        """See `Source`."""
        stored = kind.attached.stored if kind.attached else None
        if stored is None:
            return b""
        return self._ask(kind, partial(_part, sql=stored.sql, key=key, start=start, count=count))

    def has_snapshot(self, kind: KindMapping) -> bool:
        """See `Source`. What the mapping says counts; else the database is asked, once."""
        if kind.settings.snapshot is not None:
            return kind.settings.snapshot
        if kind.kind not in self._snapshots:
            self._snapshots[kind.kind] = self._ask(kind, partial(changes.has_snapshot, kind=kind))
        return self._snapshots[kind.kind]

    def codes(self, kind: KindMapping, sql: str) -> list[tuple[Any, str]]:
        """See `Source`. At most `max_rows` rows."""
        rows = self._ask(kind, lambda connection: connection.execute(text(sql)).fetchmany(self._max_rows + 1))
        if len(rows) > self._max_rows:
            raise self._bound(kind, self._max_rows)
        if rows and len(rows[0]) > CODE_COLUMNS:
            raise SourceError("E-SOURCE-CODES", agency=self._agency, columns=len(rows[0]))
        return [(row[0], row[1] if len(row) > 1 and isinstance(row[1], str) else "") for row in rows]

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

    def _page(self, kind: KindMapping, results: Results) -> Page:
        return make_page(kind, self._agency, self._evidence_key, results)

    def _walk(self, kind: KindMapping, lo: Any) -> Iterator[Results]:
        """Read on from lo (None: there is no key). What is too much is halved, down to one key, which is refused."""
        size, refused = self._page_rows, 0
        while lo is not None:
            try:
                results = self._ask(kind, partial(self._next, kind=kind, lo=lo, size=size))
            except _TooMuchError as too_much:
                if size > 1:
                    size //= 2
                    continue
                refused += 1
                if refused > MAX_REFUSED:
                    raise self._bound(kind, self._max_rows) from None
                results = self._refused(kind, too_much)
            else:
                refused, size = 0, min(2 * size, self._page_rows)
            if results is None:
                return
            yield results
            lo = results.hi

    def _next(self, connection: Connection, kind: KindMapping, lo: Any, size: int) -> Results | None:
        """What lies between lo and the size-th key above it; None if no key is above it."""
        hi = connection.scalar(_highest(_above(kind, lo, size)))
        broken = 0
        if not is_whole(hi):
            hi, broken = _last_whole(connection.scalars(_above(kind, lo, None)), size)
        if hi is None:
            outside = _outside(kind, "E-MAP-TEXT", "valid Unicode", broken)
            return Results(lo, None, outside=outside) if outside else None
        if hi == lo:
            # The driver gives the key back shorter than the database compares it: the sweep would stand still.
            raise self._bound(kind, 0)
        return self._between(connection, kind, lo, hi)

    def _refused(self, kind: KindMapping, too_much: _TooMuchError) -> Results:
        """What can be said of one key that brings too much: its records, unless nobody can tell that none is secret."""
        problem = Problem("", "E-SOURCE-BOUND", f"{kind.range_table}.{kind.range_column}", too_much.bound)
        lo, hi = too_much.lo, too_much.hi
        root = self._if_bounded(kind, kind.select.sql, lo, hi)
        universe = self._if_bounded(kind, kind.universe.sql, lo, hi) if kind.universe else None
        if root is None and kind.key == (kind.range_column,):
            root = Rows(kind.key, (Packed({kind.range_column: hi}, b"", ""),))
        if root is None or (kind.universe and universe is None):
            return Results(lo, hi, universe=universe, outside=((problem, int(universe is None)),))
        return Results(lo, hi, root, universe=universe, refused=problem)

    def _if_bounded(self, kind: KindMapping, sql: str, lo: Any, hi: Any) -> Rows | None:
        """The answer to one query in a transaction of its own; None if it is too much."""
        try:
            return self._ask(kind, partial(self._rows, kind=kind, sql=sql, lo=lo, hi=hi))
        except _TooMuchError:
            return None

    def _single(self, connection: Connection, kind: KindMapping, value: Any) -> Results:
        lowest = _lowest(connection, kind)
        try:
            hi = _alike(value, lowest)
        except (ValueError, ArithmeticError):  # no key can read so: a person's slip, or a reference to nothing
            return self._between(connection, kind, lowest, lowest)
        if isinstance(hi, int) or lowest is None:
            lo = hi - 1 if isinstance(hi, int) else hi
        else:
            before = connection.scalar(_under(kind, hi, 1))
            if not is_whole(before):
                before, _ = _last_whole(connection.scalars(_under(kind, hi, None)), 1)
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
        statement = _read(sql)
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
                most = f"{self._max_rows} rows" if len(packed) > self._max_rows else f"{MAX_PAGE_BYTES} bytes"
                raise _TooMuchError(lo, hi, f"at most {most}")
        return Rows(names, tuple(packed))

    def _bound(self, kind: KindMapping, rows: int) -> SourceError:
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
    """The value as the range column's own type: a local_id only knows texts. Raises ValueError or ArithmeticError."""
    if not isinstance(value, str) or isinstance(sample, str) or sample is None:
        return value
    reads: dict[type, Callable[[str], Any]] = {
        int: _whole,
        float: float,
        Decimal: Decimal,
        UUID: UUID,
        bytes: bytes.fromhex,
        datetime: datetime.fromisoformat,
        date: date.fromisoformat,
    }
    return reads.get(type(sample), str)(value)


def _whole(value: str) -> int:
    if not -(2**63) <= (number := int(value)) < 2**63:
        raise ValueError("more than any column of whole numbers holds")
    return number


def _above(kind: KindMapping, lo: Any, rows: int | None) -> Select[Any]:
    """The first `rows` keys above lo, of all tables in one order; None: all of them."""
    return _in_order([_keys(walked).where(column(walked.column) > lo) for walked in kind.ranges], asc, rows)


def _highest(taken: Select[Any]) -> Select[Any]:
    """The last of these keys. Not by MAX: PostgreSQL before 18 has none for uuid."""
    keys = taken.subquery()
    return select(keys.c.k).order_by(desc("k")).limit(1)


def _under(kind: KindMapping, hi: Any, rows: int | None) -> Select[Any]:
    """The last `rows` keys below hi, the highest first; None: all of them."""
    return _in_order([_keys(walked).where(column(walked.column) < hi) for walked in kind.ranges], desc, rows)


def _keys(walked: Range) -> Select[Any]:
    key: ColumnClause[Any] = column(walked.column)
    return select(key.label("k")).select_from(table(walked.table, schema=walked.schema or None))


def _in_order(tables: list[Select[Any]], order: Callable[[str], UnaryExpression[Any]], rows: int | None) -> Select[Any]:
    """The keys of these tables in one order. Each gives no more than is wanted: its index answers, nothing is sorted
    as a whole."""
    if len(tables) == 1:
        return tables[0].order_by(order("k")).limit(rows)
    taken = (keys if rows is None else keys.order_by(order("k")).limit(rows) for keys in tables)
    together = union_all(*(select(keys.subquery().c.k) for keys in taken)).subquery()
    return select(together.c.k).order_by(order("k")).limit(rows)


def _lowest(connection: Connection, kind: KindMapping) -> Any:
    """The lowest key there is. Of texts it only counts that there is one: below them all is the empty one."""
    found = [connection.scalar(lowest_key(walked)) for walked in kind.ranges]
    return min((key for key in found if key is not None), default=None)


def _last_whole(values: Iterable[Any], at_least: int) -> tuple[Any, int]:
    """The last key that can be bound, of at least so many and as many more as it takes to find one; None if there is
    none. And how many were looked at."""
    whole, looked = None, 0
    for looked, value in enumerate(values, 1):
        whole = value if is_whole(value) else whole
        if whole is not None and looked >= at_least:
            break
    return whole, looked


def _outside(kind: KindMapping, rule: str, detail: str, count: int) -> tuple[tuple[Problem, int], ...]:
    """The problem of `count` records that no range can hold; nothing if there are none."""
    column = f"{kind.range_table}.{kind.range_column}"
    return ((Problem("/local_id", rule, column, detail), count),) if count else ()


@lru_cache(maxsize=256)
def _read(sql: str) -> TextClause:
    """A query of the mapping, read once for its parameters."""
    return text(sql)


def _part(connection: Connection, *, sql: str, key: str, start: int, count: int) -> bytes:
    """A part of one file's bytes. SQL counts them from 1."""
    found = connection.execute(_read(sql), {"key": key, "from": start + 1, "count": count}).scalar()
    return bytes(found)[:count] if isinstance(found, (bytes, bytearray, memoryview)) else b""


@lru_cache(maxsize=256)
def _counts(walked: Range, nothing: Any = None) -> tuple[Select[Any], Select[Any]]:
    """The statements for how many rows a range table has, and for how many without a key."""
    rows = table(walked.table, schema=walked.schema or None)
    key: ColumnClause[Any] = column(walked.column)
    empty = key.is_(None) if nothing is None else or_(key.is_(None), key == nothing)
    counted = select(func.count()).select_from(rows)
    return counted, counted.where(empty)


def _count(connection: Connection, kind: KindMapping) -> int:
    return sum(int(connection.scalar(_counts(walked)[0]) or 0) for walked in kind.ranges)


def _start(connection: Connection, kind: KindMapping) -> tuple[Any, int]:
    """The lowest key there is (None: no key), and how many records have none, so that no page can hold them."""
    lowest = _lowest(connection, kind)
    nothing = _NO_KEY.get(type(lowest))
    if nothing is not None:
        lowest = connection.scalar(_above(kind, nothing, 1))
    without = (connection.scalar(_counts(walked, nothing)[1]) for walked in kind.ranges)
    return lowest, sum(int(rows or 0) for rows in without)


def _complaint(error: BaseException) -> tuple[str, str]:
    """The kind of a driver's complaint and its code: both are words of the driver, never values."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None) or ""
    return type(original).__name__, str(code)[:40]
