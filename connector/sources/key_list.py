"""A list of old and new ids that somebody hands over, as CSV or as a workbook: kind, former id, id of today.

    loai | ma_cu | ma_moi      or      kind | old | new

May import: core, errors, csv_file, table_rows, workbook, the standard library.
"""

from __future__ import annotations

from pathlib import Path

from connector.core.file_tables import FileTable, column_name
from connector.errors import DataError
from connector.sources.csv_file import read_csv
from connector.sources.table_rows import MAX_CELL, MAX_ROWS, RefusedError
from connector.sources.workbook import MAX_HANDED_BYTES, read_workbook

HEADINGS = (("loai", "kind"), ("ma_cu", "old"), ("ma_moi", "new"))
"""What the three columns may be called, in any order and among others."""

Line = tuple[int, str, str, str]
"""The row's number as a spreadsheet shows it; kind, old and new id as typed, trimmed."""


def read_key_list(path: Path) -> list[Line]:
    """Return the filled rows of a list. Raises DataError for a file that cannot be read, is too large, lacks one of the
    columns, or has a row with one of the three empty."""
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_HANDED_BYTES + 1)
    except OSError as error:
        raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error=type(error).__name__) from None
    if len(content) > MAX_HANDED_BYTES:
        raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error=f"> {MAX_HANDED_BYTES} bytes")
    try:
        return _lines(path.name, content)
    except RefusedError as error:
        id_, values = error.id, error.values
    raise DataError(id_, file=path.name, **values)  # outside of `except`: what is attached there may show values


def _lines(name: str, content: bytes) -> list[Line]:
    table = FileTable("keys", name, ())
    rows = read_csv(content, table) if table.is_csv else read_workbook(content, table)
    places: list[int] = []
    found: list[Line] = []
    for number, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        if not places:
            places = _places(name, number, cells)
            continue
        kind, old, new = (cells[at].strip() if at < len(cells) else "" for at in places)
        if not (kind and old and new):
            raise DataError("E-REKEY-ROW", file=name, row=number)
        if len(found) >= MAX_ROWS or max(len(old), len(new)) > MAX_CELL:
            raise RefusedError("E-SOURCE-FILE-BOUND", bound=f"{MAX_ROWS} rows")
        found.append((number, kind, old, new))
    if not places:
        raise DataError("E-REKEY-HEADING", file=name, row=1)
    return found


def _places(name: str, number: int, cells: list[str]) -> list[int]:
    headings = [column_name(cell) for cell in cells]
    places = [next((at for at, heading in enumerate(headings) if heading in names), -1) for names in HEADINGS]
    if -1 in places:
        raise DataError("E-REKEY-HEADING", file=name, row=number)
    return places
