"""What every source can do, and the page in which it answers.

A *sweep* walks once over all keys of a kind; a *page* is one range of keys, lo < key <= hi, read in one short
transaction. The *universe* is everything there is in that range, also what the mapping leaves out.
May import: core, the standard library.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connector.core.kind_mapping import KindMapping
from connector.core.model import Kind, Problem, SourceRow


@dataclass(frozen=True, slots=True)
class Page:
    """One range of keys as read.

    `problems` name records that were read and cannot be mapped; their local_id is "" where they have none. A record
    that brings more than a page may hold is such a problem too (E-SOURCE-BOUND), alone on its page.
    universe = selected + excluded + refused_secret + unexplained, as long as nothing is selected that the universe
    does not have; every difference is in `unexplained`, and so are child rows that belong to no record of the page;
    anything but 0 makes the run partial. `secret_ids` are
    for the children of secret records, in memory only: they never enter the store or a log. `excluded_as`: the declared
    reason of each of `excluded_ids`."""

    kind: Kind
    lo: Any
    hi: Any
    rows: tuple[SourceRow, ...]
    problems: tuple[tuple[str, Problem], ...]
    universe: int
    selected: int
    excluded: Mapping[str, int]
    refused_secret: int
    secret_ids: frozenset[str]
    excluded_ids: frozenset[str]
    unexplained: int
    excluded_as: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a changed row stands in the order of (time of change, key). `raw` is the time as the driver gave it."""

    at: datetime
    raw: Any
    key: Any


class Source(Protocol):
    """An agency's database. Reads only. Failures are SourceError: E-SOURCE-CONNECT, -QUERY, -COLUMN or -BOUND."""

    def probe(self) -> None:
        """Connect, look at the first key of every kind, and ask every query for an empty range. Returns nothing: no
        error is the answer. Raises MappingError with all that the database has not: tables, columns, grants."""
        ...

    def count(self, kind: KindMapping) -> int:
        """Return how many rows the table has that pages walk over: the size of a first run, before it is read."""
        ...

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """Walk over all keys above `lo` (None: all), a page at a time. No page: there is nothing.

        Between pages no transaction is open, so a slow reader never holds the agency's database."""
        ...

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """Read single records again: one page per value of the range column, empty if nothing is there now."""
        ...

    def clock(self, kind: KindMapping) -> datetime:
        """Return the own wall time of the source that has this kind, naive: to be compared with nothing but times of
        the same source."""
        ...

    def later_than(self, kind: KindMapping, moment: datetime) -> int:
        """Return how many rows say that they were changed after this moment; 0 if the kind cannot say."""
        ...

    def changed(self, kind: KindMapping, since: datetime, after: Place | None, until: datetime) -> list[Place]:
        """Return the next page of places of rows changed from `since` to `until`, behind `after`; empty: no more."""
        ...

    def shape(self, kind: KindMapping) -> Mapping[str, str]:
        """Return the type of every column that the kind's queries read, by `table.column`; empty where the source does
        not say. Reads no record."""
        ...

    def part(self, kind: KindMapping, key: str, start: int, count: int) -> bytes:
        """Return `count` bytes of a file that the database holds itself, from byte `start` on (the first is 0); fewer
        at its end, none behind it, or where there is no such file."""
        ...

    def has_snapshot(self, kind: KindMapping) -> bool:
        """Return whether one reading of a record and its children is of one moment."""
        ...

    def codes(self, kind: KindMapping, sql: str) -> list[tuple[Any, str]]:
        """Return the rows of a query for codes and their names, as the driver gave them, "" for no name. It is asked
        where this kind is read, has one or two columns and has passed `code_query_problems`. Raises SourceError, also
        for too many rows."""
        ...

    def close(self) -> None:
        """Give the connection back. The source can be used again afterwards."""
        ...
