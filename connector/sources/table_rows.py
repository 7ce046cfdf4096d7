"""Rows of a file go into a table of a database in memory: headings become columns, and the declared key must hold.

All values are texts, trimmed and in one Unicode form; an empty cell is NULL. What is wrong is told by row and column as
a spreadsheet shows them, never by what stands there: behind a mistaken heading row are persons.
May import: core, the standard library.
"""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from connector.core.file_tables import FileTable, column_name

Rows = Iterator[tuple[int, list[str]]]
"""Rows as read, each with the number that a spreadsheet shows for it."""

MAX_ROWS = 200_000
MAX_COLUMNS = 200
MAX_CELL = 100_000
"""Characters. Excel keeps 32,767."""

ROWS_AT_ONCE = 500


class RefusedError(Exception):
    """A file cannot be used: the id of a SourceError and its values. Never leaves this folder."""

    def __init__(self, id_: str, **values: str | float) -> None:
        super().__init__(id_)
        self.id = id_
        self.values = values


def load(connection: sqlite3.Connection, table: FileTable, rows: Rows) -> None:
    """Make the table and fill it. Raises RefusedError: headings, a row, or the key; the database is then worthless."""
    columns = _columns(table, rows)
    places = _key_places(table, columns)
    names = [name for name in columns if name]
    # Without a rowid no query can take the place of a row for its name.
    declared = ", ".join([*(f'"{name}" TEXT' for name in names), f"PRIMARY KEY ({_quoted(table.key)})"])
    connection.execute(f'CREATE TABLE "{table.name}" ({declared}) WITHOUT ROWID')
    marks = ", ".join("?" for _ in names)
    insert = f'INSERT INTO "{table.name}" ({_quoted(names)}) VALUES ({marks})'  # noqa: S608 - names of [a-z0-9_] only
    connection.executemany(insert, _checked(columns, places, rows))


def _columns(table: FileTable, rows: Rows) -> list[str]:
    """The columns' names by their place, "" for a column without a heading."""
    for number, cells in rows:
        if number < table.header:
            continue
        names = [column_name(cell) for cell in cells]
        while names and not names[-1]:
            names.pop()
        if len(names) > MAX_COLUMNS:
            raise RefusedError("E-SOURCE-FILE-BOUND", bound=f"{MAX_COLUMNS} columns")
        for at, name in enumerate(names):
            if name and name in names[:at]:
                raise RefusedError("E-SOURCE-FILE-HEADING", row=number, column=letters(at))
        if names and number == table.header:
            return names
        break
    raise RefusedError("E-SOURCE-FILE-HEADING", row=table.header, column=letters(0))


def _key_places(table: FileTable, columns: Sequence[str]) -> list[int]:
    absent = next((column for column in table.key if column not in columns), "")
    if absent:
        raise RefusedError("E-SOURCE-FILE-NO-KEY", row=table.header, column=absent)
    return [columns.index(column) for column in table.key]


def _checked(columns: Sequence[str], places: Sequence[int], rows: Rows) -> Iterator[list[str | None]]:
    """Yield what goes into the table; blank rows are none. `rows` stands behind the headings."""
    seen: dict[tuple[str, ...], int] = {}
    used = [at for at, name in enumerate(columns) if name]
    for number, cells in rows:
        values = [_value(cell) for cell in cells]
        if not any(values):
            continue
        if len(values) < len(columns):
            raise RefusedError("E-SOURCE-FILE-SHORT", row=number)
        beyond = next((at for at, v in enumerate(values) if v and (at >= len(columns) or not columns[at])), None)
        if beyond is not None:
            raise RefusedError("E-SOURCE-FILE-BEYOND", row=number, column=letters(beyond))
        key = tuple(values[at] for at in places)
        if not all(key):
            raise RefusedError("E-SOURCE-FILE-EMPTY-KEY", row=number, column=letters(places[key.index("")]))
        if key in seen:
            raise RefusedError("E-SOURCE-FILE-DOUBLE-KEY", row=number, other=seen[key])
        if len(seen) >= MAX_ROWS:
            raise RefusedError("E-SOURCE-FILE-BOUND", bound=f"{MAX_ROWS} rows")
        if (long := next((at for at in used if len(values[at]) > MAX_CELL), None)) is not None:
            raise RefusedError("E-SOURCE-FILE-BOUND", bound=f"{MAX_CELL} characters ({letters(long)}{number})")
        seen[key] = number
        yield [values[at] or None for at in used]


def _value(cell: str) -> str:
    """One form for one text: a blank behind a key must not make it another key."""
    return cell.strip() if cell.isascii() else unicodedata.normalize("NFC", cell).strip()


def letters(at: int) -> str:
    """Return what a spreadsheet calls the column at this place: 0 is A, 26 is AA."""
    name, left = "", at + 1
    while left:
        left, letter = divmod(left - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
