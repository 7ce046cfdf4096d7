"""What a folder of files that nobody has described holds: a table for each file, its headings, and a sample as shapes.

Where the headings stand is a guess, and so is the key: a file declares neither. Workbooks are opened in a process of
their own, as in a run. Nothing of a value leaves but what `core.shapes` keeps.
May import: core, errors, csv_file, files, structure, table_rows, workbook, sqlalchemy for SQLite's words, the standard
library.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sqlalchemy.dialects.sqlite.base import SQLiteIdentifierPreparer

from connector.core.file_tables import KINDS_OF_FILE, FileTable, column_name
from connector.core.structure import Column, Table
from connector.errors import SourceError
from connector.sources.csv_file import read_csv
from connector.sources.files import MAX_BYTES
from connector.sources.structure import MAX_TABLES, Found
from connector.sources.table_rows import MAX_COLUMNS, RefusedError
from connector.sources.workbook import read_workbook

LOOKED_FOR_HEADINGS = 30
"""Among so many first rows the headings are looked for."""

MOST = 0.6


def look_at_files(folder: Path, *, rows: int, seconds: float, first: Callable[[str], float]) -> Found:
    """Return a table for each file of the folder that can be read, of at most so many rows, within so many seconds.

    Raises SourceError, E-DRAFT-CONNECT, if there is no such folder."""
    until = time.monotonic() + seconds
    try:
        paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in KINDS_OF_FILE]
    except OSError as failed:
        raise SourceError("E-DRAFT-CONNECT", error=type(failed).__name__) from None
    named = {column_name(path.stem)[:60]: path for path in paths if not path.name.startswith(("~", "."))}
    names = sorted((name for name in named if name), key=lambda name: (-first(name), name))[:MAX_TABLES]
    tables = [_looked(name, named[name], rows) for name in names if time.monotonic() < until]
    return Found(tuple(tables), sum(not table.looked for table in tables), len(tables) < len(paths))


def _looked(name: str, path: Path, rows: int) -> Table:
    unlooked = Table(name, name, (), looked=False, file=path.name)
    described = FileTable(name, path.name, ())
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            return unlooked
        read = read_csv(content, described) if described.is_csv else read_workbook(content, described)
        taken = list(itertools.islice(read, LOOKED_FOR_HEADINGS + rows))
    except (OSError, RefusedError):
        return unlooked
    header = _header([cells for _, cells in taken[:LOOKED_FOR_HEADINGS]])
    columns: dict[str, tuple[int, Column]] = {}
    for at, cell in enumerate(taken[header][1][:MAX_COLUMNS] if taken else ()):
        if (called := column_name(cell)) and called not in columns:
            columns[called] = (at, Column(called, _quoted(called), "text"))
    for _, cells in taken[header + 1 : header + 1 + rows]:
        if any(cell.strip() for cell in cells):
            for at, column in columns.values():
                column.shape.add(cells[at].strip() or None if at < len(cells) else None)
    found = replace(unlooked, columns=tuple(column for _, column in columns.values()), looked=bool(columns))
    return replace(found, key=_key(found), header=taken[header][0] if taken else 1)


def _header(rows: list[list[str]]) -> int:
    """Which row is most likely the headings: the first that has about as many words as any."""
    counts = [len({column_name(cell) for cell in cells} - {""}) for cells in rows]
    most = max(counts, default=0)
    return next((at for at, count in enumerate(counts) if count >= max(1, MOST * most)), 0)


def _key(table: Table) -> tuple[str, ...]:
    """The first column that could be a key, if it is named like one."""
    for column in table.columns:
        settled = column.shape
        settled.settle()
        if settled.is_unique and column.name.startswith(("ma", "id", "so_thu_tu", "so_don", "so_ho_so")):
            return (column.name,)
    return ()


def _quoted(name: str) -> str:
    """The name in SQL; the queries of files know no double quotes."""
    return f"[{name}]" if name in SQLiteIdentifierPreparer.reserved_words else name
