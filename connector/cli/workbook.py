"""A list of decisions as a workbook, and back: written for people, read as if a stranger had sent it.

Every cell is written as text, so that no program takes one for a formula. What comes back is opened by the reader of
source workbooks, in a process of its own under its limits; nothing in it counts but decisions beside good marks.
May import: words, opening, core, errors; xlsxwriter and sources inside functions.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.core.cells import unescaped
from connector.core.decision_list import Answer, Decided, DecisionList, Keyed, read_back
from connector.errors import DataError
from connector.telling.words import clipped, messages, plain

if TYPE_CHECKING:
    from connector.cli.opening import Desk

SHEET = "Quyết định"
HEADING = 5
"""The row of the headings, as a spreadsheet counts. Above it: title, how to fill it in, the list's mark."""

NARROWEST, WIDEST = 8, 48
LONGEST = 2_000
"""Characters of a cell; nobody reads more, and Excel takes 32,767."""

SHOWN_WRONG = 20


@dataclass(frozen=True, slots=True)
class Layout:
    """How a list is shown. `headings`: of the rows' cells. `other`: the second sheet, from which one may choose."""

    title: str
    how: str
    headings: tuple[str, ...]
    choice: str = ""  # the heading of the column of choices; "" for none
    other: tuple[tuple[str, ...], ...] = ()
    other_sheet: str = ""


def write(desk: Desk, path: Path, listed: DecisionList, layout: Layout, keyed: Keyed) -> None:
    """Write the list to a new file that only its owner can read. Raises DataError for another ending than .xlsx, for a
    file that is there (somebody may have decided in it), and for a folder that is not."""
    if path.suffix.lower() != ".xlsx":
        raise DataError("E-WORKBOOK-NAME", file=path.name)
    content = _made(desk, listed, layout, keyed)
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise DataError("E-WORKBOOK-THERE", file=path.name) from None
    except (FileNotFoundError, NotADirectoryError):
        raise DataError("E-WORKBOOK-FOLDER", folder=str(path.parent)) from None
    with os.fdopen(number, "wb") as file:
        file.write(content)


def read(desk: Desk, path: Path, listed: DecisionList, layout: Layout, keyed: Keyed, reason: str) -> list[Decided]:
    """Return what a file decides, in the order of its rows.

    Raises DataError where it cannot be read, belongs to another list or to this one as it was before, or has a row that
    cannot be meant: these are named, and nothing counts."""
    width = len(layout.headings) + 1
    rows = [(number, [*cells, *[""] * (width + 4)]) for number, cells in _rows(path)]
    head = next((cells for number, cells in rows if number == HEADING - 2), [""])
    if head[1].strip() != listed.mark(keyed):
        raise DataError("E-WORKBOOK-CHANGED", file=path.name, list=layout.title)
    found = read_back(listed, keyed, _answers(rows, width, has_choice=bool(layout.choice)), reason)
    for number, wrong in found.wrong[:SHOWN_WRONG]:
        allowed = ", ".join(spelt[0] for spelt in listed.decisions.values())
        text = desk.say(f"workbook.wrong.{wrong}", row=str(number), allowed=allowed)
        desk.screen.line(text, hang=2)
    if found.wrong:
        raise DataError("E-WORKBOOK-ROWS", file=path.name, count=len(found.wrong))
    return found.decided


def spelt(kind: str, name: str) -> tuple[str, ...]:
    """Return the words for a decision in every language, so that a workbook written in one is read in any."""
    return tuple(messages()[f"workbook.{kind}.{name}"].values())


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    from connector.sources.workbook import sheet_of

    return sheet_of(path, SHEET, HEADING)


def _answers(rows: Sequence[tuple[int, list[str]]], width: int, *, has_choice: bool) -> Iterator[Answer]:
    for number, cells in rows:
        if number > HEADING and any(cell.strip() for cell in cells):
            decision, *rest = cells[width:]
            choice = rest.pop(0) if has_choice else ""
            yield Answer(number, decision, choice, rest[0], rest[1].strip())


def _made(desk: Desk, listed: DecisionList, layout: Layout, keyed: Keyed) -> bytes:
    import xlsxwriter

    say = desk.say
    written = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(written, options) as book:
        book.set_properties({"title": layout.title, "author": "", "comments": ""})
        sheet = book.add_worksheet(SHEET)
        text = {"num_format": "@", "text_wrap": True, "valign": "top", "quote_prefix": True}
        shown = book.add_format(text)
        filled = book.add_format(
            text | {"locked": False, "bg_color": "#FFF7D6", "border": 1, "border_color": "#C9B458"}
        )
        small = book.add_format(text | {"font_color": "#808080", "text_wrap": False})
        bold = book.add_format({"bold": True, "font_size": 14})
        heads = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "bg_color": "#E8EEF4"})
        sheet.write_string(0, 0, layout.title, bold)
        sheet.write_string(1, 0, layout.how)
        sheet.write_string(2, 0, say("workbook.list"), small)
        sheet.write_string(2, 1, listed.mark(keyed), small)
        headings = [say("workbook.number"), *layout.headings, say("workbook.decision")]
        headings += [layout.choice] if layout.choice else []
        headings += [say("workbook.reason"), say("workbook.mark")]
        for at, heading in enumerate(headings):
            sheet.write_string(HEADING - 1, at, heading, heads)
        width = len(layout.headings) + 1
        for number, (row, mark) in enumerate(zip(listed.rows, listed.marks(keyed), strict=True), 1):
            cells = [str(number), *row.cells]
            for at, cell in enumerate(cells):
                sheet.write_string(HEADING - 1 + number, at, _text(cell), shown)
            for at in range(width, len(headings) - 1):
                sheet.write_blank(HEADING - 1 + number, at, None, filled)
            sheet.write_string(HEADING - 1 + number, len(headings) - 1, mark, small)
        _lay_out(sheet, listed, headings, width)
        if listed.rows:
            _offer(desk, book, sheet, listed, layout, width)
        # No password: it keeps people from writing over what they read, and nobody from anything else.
        sheet.protect("", {"format_columns": True, "format_rows": True, "autofilter": True})
    return written.getvalue()


def _lay_out(sheet: Any, listed: DecisionList, headings: Sequence[str], width: int) -> None:
    """Set widths that can be read, and keep the headings in sight, on the screen and on paper."""
    for at, heading in enumerate(headings):
        longest = max(
            (len(line) for row in listed.rows if 0 < at < width for line in row.cells[at - 1].split("\n")), default=0
        )
        wanted = (
            max(len(heading), longest) + 2 if at < width else {width: 18, len(headings) - 1: MARK_WIDTH}.get(at, 28)
        )
        sheet.set_column(at, at, min(max(wanted, NARROWEST), WIDEST) if at else 14)
    sheet.freeze_panes(HEADING, 0)
    sheet.autofilter(HEADING - 1, 0, HEADING - 1 + max(len(listed.rows), 1), len(headings) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(HEADING - 1)


MARK_WIDTH = 18


def _offer(desk: Desk, book: Any, sheet: Any, listed: DecisionList, layout: Layout, width: int) -> None:
    """Give the decisions, and the choices where there are any, as drop-downs."""
    first, last = HEADING, HEADING - 1 + len(listed.rows)
    names = list(listed.decisions)
    title = desk.say("workbook.decision")
    decisions = [desk.say(f"workbook.{listed.kind}.{name}") for name in names]
    message = desk.say("workbook.pick")
    offered = {"validate": "list", "source": decisions, "error_title": title, "error_message": message}
    sheet.data_validation(first, width, last, width, offered)
    if not layout.other:
        return
    other = book.add_worksheet(layout.other_sheet)
    plain_text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top", "quote_prefix": True})
    for number, cells in enumerate(layout.other):
        for at, cell in enumerate(cells):
            other.write_string(number, at, _text(cell), plain_text)
    other.set_column(0, 0, 24)
    other.set_column(1, 1, 70)
    source = f"='{layout.other_sheet}'!$A$1:$A${len(layout.other)}"
    choice = {"validate": "list", "source": source, "error_title": layout.choice, "error_message": message}
    sheet.data_validation(first, width + 1, last, width + 1, choice)


def _text(cell: str) -> str:
    """What a cell may hold: no half characters, no control characters but line ends, and an end."""
    whole = cell.encode("utf-8", "replace").decode("utf-8")
    return clipped(unescaped("\n".join(plain(line) for line in whole.split("\n"))), LONGEST)
