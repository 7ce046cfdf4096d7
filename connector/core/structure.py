"""A database that nobody has described yet, as far as it was looked at: tables, keys, and the shapes of columns.

May import: names, shapes, the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from connector.core.names import squashed
from connector.core.shapes import Shape

ColumnType = Literal["integer", "number", "text", "day", "instant", "flag", "binary", "other"]

_NAMELESS = frozenset({"id", "ma", "stt", "key", "code", "uuid", "guid", "so", "rowid", "pk"})
"""Names of keys that do not say whose key it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `quoted`: its name as this database's SQL writes it."""

    name: str
    quoted: str
    type: ColumnType
    shape: Shape = field(default_factory=Shape)


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view. `key`: the columns that tell its rows apart, empty if none is declared. `refers`: column ->
    (table, column) that it is declared to refer to. `looked`: whether any row could be read, or there is none.

    `file`: of a folder of files, the one it is, with its headings in the row `header`; there the key is a guess.
    `words`: of a short list, what its keys are called; read to be compared, never shown."""

    name: str
    quoted: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    schema: str = ""
    refers: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    looked: bool = True
    file: str = ""
    header: int = 1
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the table is called among all of them: with its schema, where it stands in one of its own."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, name: str) -> Column | None:
        """Return a column by its name; None if there is none."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return max((column.shape.rows for column in self.columns), default=0)


@dataclass(frozen=True, slots=True)
class Link:
    """A column of one table that holds the key of another, and why that is believed: declared, same_name, named."""

    column: str
    to: str
    why: str


def link(child: Table, parent: Table) -> Link | None:
    """Return the column of `child` that holds the key of `parent`; None if no name and no declaration says so."""
    if child is parent or len(parent.key) != 1:
        return None
    (key,) = parent.key
    for referring, (table, _) in child.refers.items():
        if table == parent.name:
            return Link(referring, key, "declared")
    wanted = {squashed(key)} if squashed(key) not in _NAMELESS else set()
    named = {f"{word}{name}" for name in _short_names(parent) for word in ("id", "ma")}
    named |= {f"{name}{word}" for name in _short_names(parent) for word in ("id", "ma", "key")}
    for names, why in ((wanted, "same_name"), (named, "named")):
        for column in child.columns:
            if squashed(column.name) in names and _comparable(column, parent.column(key)):
                return Link(column.name, key, why)
    return None


def _short_names(table: Table) -> set[str]:
    name = squashed(table.name)
    return {name, name.removesuffix("s"), name.removeprefix("tbl"), name.removeprefix("dm")}


def _comparable(one: Column, other: Column | None) -> bool:
    numbers = ("integer", "number")
    return other is not None and (one.type == other.type or (one.type in numbers) == (other.type in numbers))
