"""Rows of the log as a file: CSV, JSON Lines, a workbook. Written as they come, however many.

Nothing in them can be taken for a formula: a workbook holds every text as text; in CSV, where no cell has a type, what
could begin one gets an apostrophe (`core/cells.py`), and the manifest says so.
May import: words, extracts, extract_manifest, core, errors; xlsxwriter inside functions.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from connector.core.cells import guarded, unescaped
from connector.errors import DataError
from connector.telling import extract_manifest, extracts
from connector.telling.words import HERE, Words

if TYPE_CHECKING:
    from connector.telling.extract_manifest import Taken, Tally
    from connector.telling.extracts import Row
    from connector.telling.voice import Voice

DELIMITER = ";"
"""What Excel parts cells at where the comma stands in numbers, as it does in Vietnam."""

LONGEST = 32_000
"""Characters of a cell, in CSV and in a workbook; Excel takes 32,767."""

ROWS_OF_A_SHEET = 1_000_000
"""Below the 1,048,576 rows of Excel, its heading among them."""

MOST_SHEETS = 2
"""A workbook of more rows opens on no ordinary machine."""

SHORT_HASH = 16

_WIDTHS = {
    "seq": 9, "at": 19, "kind": 14, "local_id": 24, "version": 9, "told": 70, "outcome": 24, "by": 20, "trigger": 14,
    "national_id": 26, "hash": 19, "reason": 44, "refusal": 44, "persons": 34, "content": 60,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a workbook says besides its rows. `about`, called when all are written: what stands on its first sheet."""

    title: str
    say: Words
    about: Any


def sheet(voice: Voice, taken: Taken, tally: Tally) -> Sheet:
    """Return what a workbook of an extract says besides its rows, once they are counted."""
    title = f"{voice.say('audit.title')} {voice.name_of(taken.agency)} {voice.environment_label}"
    return Sheet(title, voice.say, lambda: extracts.about(voice, extract_manifest.about(voice, taken, tally)))


def write(file: BinaryIO, voice: Voice, taken: Taken, rows: Iterable[Row], tally: Tally, folder: Path | None) -> None:
    """Write the rows of an extract in the form that was asked for, and count them. folder: as of `write_workbook`,
    which goes back in its file."""
    headings, counted = extracts.headings(voice, masked=taken.masked), tally.counted(rows)
    match taken.form:
        case "csv":
            write_csv(file, headings, counted)
        case "jsonl":
            write_lines(file, headings, counted)
        case _:
            write_workbook(file, headings, counted, sheet(voice, taken, tally), folder)


def write_csv(file: BinaryIO, headings: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Write rows as CSV that Excel opens by a double click: UTF-8 with its mark, semicolons, one line a row."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
    try:
        out = csv.writer(text, delimiter=DELIMITER, lineterminator="\r\n")
        out.writerow([guarded(heading) for heading in headings.values()])
        for row in rows:
            out.writerow([_csv_cell(row.cells[name]) for name in headings])
        text.flush()
    finally:
        text.detach()  # the file is the caller's to close


def _csv_cell(value: str | int | datetime) -> str:
    match value:
        case datetime():
            return value.astimezone(HERE).strftime("%d/%m/%Y %H:%M:%S")
        case int():
            return str(value)
    return guarded(_fitting(value))


def write_lines(file: BinaryIO, headings: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Write rows as JSON Lines: one object a row, named as the columns are in the program; times in UTC."""
    import orjson

    for row in rows:
        shown = {name: row.cells[name] for name in headings} | {"version": row.cells["version"] or None}
        machine = {"event": row.event, "outcome_name": row.outcome_name, "authenticated": row.authenticated}
        file.write(orjson.dumps({**shown, **machine}, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


# --- workbook ------------------------------------------------------------------------------------------------------


def write_workbook(
    file: BinaryIO, headings: Mapping[str, str], rows: Iterable[Row], sheet: Sheet, folder: Path | None
) -> None:
    """Write rows as a workbook: a sheet that says what it is, then one sheet, or more where they do not fit on one.

    folder: where the parts of it lie meanwhile, as large as the rows; None: in memory, several times as large, and
    nothing on the disk. Raises DataError for more rows than fit."""
    import xlsxwriter

    with tempfile.TemporaryDirectory(prefix=".kntc-", dir=folder) if folder else nullcontext() as parts:
        where = {"constant_memory": True, "tmpdir": parts} if parts else {"in_memory": True}
        plainly = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        with xlsxwriter.Workbook(file, where | plainly) as book:
            book.set_properties({"title": sheet.title, "author": "", "comments": ""})
            first = book.add_worksheet(sheet.say("extract.sheet_about"))
            for number, part in enumerate(_parts(rows, ROWS_OF_A_SHEET), 1):
                if number > MOST_SHEETS:
                    raise DataError("E-EXTRACT-LONG", limit=ROWS_OF_A_SHEET * MOST_SHEETS)
                _write_sheet(book, sheet.say("extract.sheet_rows", number=number), headings, part)
            _write_about(book, first, sheet)


def _parts(rows: Iterable[Row], size: int) -> Iterator[Iterable[Row]]:
    """Yield the rows in runs of at most `size`, at least one run. Each must be read to its end before the next."""
    rest = iter(rows)
    yield islice(rest, size)
    for first in rest:
        yield chain([first], islice(rest, size - 1))


def _write_sheet(book: Any, name: str, headings: Mapping[str, str], rows: Iterable[Row]) -> None:
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"})
    text = book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})
    wrapped = book.add_format({"num_format": "@", "valign": "top", "text_wrap": True, "quote_prefix": True})
    number = book.add_format({"num_format": "0", "valign": "top"})
    at = book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss", "valign": "top", "align": "left"})
    out = book.add_worksheet(name)
    for place, column in enumerate(headings):
        out.set_column(place, place, _WIDTHS[column])
    out.freeze_panes(1, 2)
    out.set_landscape()
    out.set_paper(9)
    out.fit_to_pages(1, 0)
    out.repeat_rows(0)
    out.write_row(0, 0, headings.values(), head)
    last = 0
    for last, row in enumerate(rows, 1):
        for place, column in enumerate(headings):
            value = row.cells[column]
            if isinstance(value, datetime):
                out.write_datetime(last, place, value.astimezone(HERE).replace(tzinfo=None, microsecond=0), at)
            elif isinstance(value, int):
                out.write_number(last, place, value, number)
            elif value:
                shown = value[:SHORT_HASH] if column == "hash" else _fitting(unescaped(value))
                out.write_string(last, place, shown, wrapped if _WIDTHS[column] > NARROW else text)
    out.autofilter(0, 0, max(last, 1), len(headings) - 1)


NARROW = 30


def _write_about(book: Any, out: Any, sheet: Sheet) -> None:
    title = book.add_format({"bold": True, "font_size": 14})
    label = book.add_format({"bold": True, "valign": "top"})
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "quote_prefix": True})
    out.set_column(0, 0, 30)
    out.set_column(1, 1, 90)
    out.write_string(0, 0, _fitting(unescaped(sheet.title)), title)
    for at, (name, value) in enumerate(sheet.about().items(), 2):
        out.write_string(at, 0, name, label)
        out.write_string(at, 1, _fitting(unescaped(value)), text)


def _fitting(text: str) -> str:
    """Characters of 17 bits count twice in a cell."""
    if len(text) * 2 <= LONGEST:
        return text
    units = text.encode("utf-16-le", "replace")
    if len(units) <= LONGEST * 2:
        return text
    return units[: LONGEST * 2 - 4].decode("utf-16-le", "ignore") + "…"
