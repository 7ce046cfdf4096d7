"""A program of its own: a workbook on standard input, its rows on standard output, nothing anywhere else.

    python -I workbook_child.py <sheet, or nothing> <first row> <most cells> <most bytes>

A workbook is a small file that may say "allocate all there is". So it is opened only here, under limits of memory and
time that end this process and no other, after its parts were inflated once without keeping them. The last line says how
it went; a process that dies has said nothing. No text of a workbook is ever written to standard error or a file.
May import: python_calamine, the standard library; nothing of the connector, which is not on its path.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import sys
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NoReturn
from xml.etree import ElementTree as ET
from xml.parsers import expat

import python_calamine as calamine

MEMORY = 640 * 2**20
CPU_S = 60
MAX_INFLATED = 192 * 2**20
MAX_PARTS = 2_000
CHUNK = 2**20

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_XLS_PASSWORD = re.compile(rb"\x09\x08\x10\x00.{16}(?:\x86\x00\x00\x00)?\x2f\x00", re.DOTALL)
"""The record FILEPASS behind the beginning of a workbook, with or without one about writing between them."""
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_DIGITS = "0123456789"
_BROKEN = (EOFError, KeyError, OSError, ValueError)


def main() -> None:
    """Read, write rows as JSON lines, then one line `{"done": true}` or `{"refused": …}`."""
    _limit()
    sheet, first, most_cells, most_bytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    content = sys.stdin.buffer.read()
    _look(content, sheet, first, most_cells)
    found = _opened(content, sheet)
    if (found.total_height + 1) * (found.total_width + 1) > most_cells:  # they are the last places, counted from 0
        _refuse("BOUND", bound=f"{most_cells} cells")
    for (top, left), (bottom, _) in found.merged_cell_ranges or ():
        if bottom + 1 >= first:
            _refuse("MERGED", row=top + 1, column=_letters(left))
    written = 0
    left = [""] * (found.start or (0, 0))[1]
    for row in found.iter_rows():  # from the first row on, but only from the first column that is used
        line = json.dumps([*left, *map(_text, row)])
        written += len(line)
        if written > most_bytes:
            _refuse("BOUND", bound=f"{most_bytes} bytes")
        sys.stdout.write(line + "\n")
    _end({"done": True})


def _limit() -> None:
    """Bound memory and time, and leave no image of the memory behind. Where the system has no such limits, the looks
    before the reading must do."""
    try:
        import resource  # noqa: PLC0415  not on every system

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        pass


def _look(content: bytes, sheet: str, first: int, most_cells: int) -> None:
    """Refuse what can be told without opening it: passwords, bombs, a cell at the end of the world, broken formulas."""
    if content.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in content or _XLS_PASSWORD.search(content):
            _refuse("PASSWORD")
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        _inflate(archive)
        if "xl/workbook.xml" in archive.namelist():
            _Cells(first, most_cells).read(archive, _part(archive, sheet))
        elif b"encryption-data" in archive.read("META-INF/manifest.xml"):
            _refuse("PASSWORD")
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, SyntaxError, NotImplementedError, *_BROKEN):
        _refuse("FORMAT")


def _inflate(archive: zipfile.ZipFile) -> None:
    """Inflate every part once and keep none: what an archive declares of itself may be a lie."""
    parts = archive.infolist()
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_INFLATED:
        _refuse("BOMB")
    left = MAX_INFLATED
    for part in parts:
        if part.flag_bits & 1:
            _refuse("PASSWORD")
        with archive.open(part) as opened:
            while chunk := opened.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    _refuse("BOMB")


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    """The part that holds this sheet; without a name the only visible one."""
    book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - inflated before, under limits
    sheets = [found for found in book.iter() if found.tag.endswith("}sheet")]
    named = [s for s in sheets if (s.get("name") == sheet if sheet else s.get("state", "visible") == "visible")]
    if len(named) != 1:
        _refuse("SHEET")
    wanted = next((value for key, value in named[0].items() if key.endswith("}id")), "")
    links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - likewise
    target = next((str(link.get("Target")) for link in links if link.get("Id") == wanted), "")
    return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


class _Cells:
    """The cells of a sheet, looked at one by one: how far they reach, and formulas that have no value to read."""

    def __init__(self, first: int, most_cells: int) -> None:
        self.first, self.most_cells = first, most_cells
        self.at, self.is_error, self.has_formula, self.has_value = "", False, False, False
        self.columns: dict[str, int] = {}
        self.rows = 0

    def read(self, archive: zipfile.ZipFile, part: str) -> None:
        parser = expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        with archive.open(part) as opened:
            parser.ParseFile(opened)
        # Whoever reads a sheet whole makes room for a rectangle, also where it is empty.
        if self.rows * max(self.columns.values(), default=0) > self.most_cells:
            _refuse("BOUND", bound=f"{self.most_cells} cells")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match _bare(name):
            case "c":
                self.at, self.is_error = attributes.get("r", ""), attributes.get("t") == "e"
                self.has_formula = self.has_value = False
                letters = self.at.rstrip(_DIGITS)
                if letters not in self.columns:
                    self.columns[letters] = _number(letters)
            case "f":
                self.has_formula = True
            case "v" | "is":
                self.has_value = True

    def end(self, name: str) -> None:
        match _bare(name):
            case "c" if self.is_error or (self.has_formula and not self.has_value):
                found = _CELL.fullmatch(self.at)
                if found is None or int(found[2]) >= self.first:
                    _refuse("FORMULA", row=found[2] if found else "?", column=found[1] if found else "?")
            case "row" if found := _CELL.fullmatch(self.at):
                self.rows = max(self.rows, int(found[2]))


def _bare(name: str) -> str:
    """An element's name without the prefix that some programs write."""
    return name.rpartition(":")[2] if ":" in name else name


def _opened(content: bytes, sheet: str) -> Any:
    book = None
    try:
        book = calamine.load_workbook(io.BytesIO(content))
    except calamine.PasswordError:
        _refuse("PASSWORD")
    except (calamine.CalamineError, OSError, ValueError):
        _refuse("FORMAT")
    visible = [found.name for found in book.sheets_metadata if found.visible == calamine.SheetVisibleEnum.Visible]
    if sheet not in book.sheet_names and (sheet or len(visible) != 1):
        _refuse("SHEET")
    try:
        return book.get_sheet_by_name(sheet or visible[0])
    except (calamine.CalamineError, OSError, ValueError):
        _refuse("FORMAT")


def _text(cell: Any) -> str:
    """A cell as text: 7.0 is 7, a day is 2026-01-31, yes is 1. A text cell is what was typed."""
    match cell:
        case str():
            return cell
        case bool():
            return str(int(cell))
        case float():
            return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
        case datetime():
            return cell.isoformat(sep=" ")
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def _letters(at: int) -> str:
    return "".join(_letters_backwards(at + 1))[::-1]


def _letters_backwards(left: int) -> Iterator[str]:
    while left:
        left, letter = divmod(left - 1, 26)
        yield chr(ord("A") + letter)


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _refuse(why: str, **values: str | float) -> NoReturn:
    _end({"refused": why, **values})


def _end(last: dict[str, Any]) -> NoReturn:
    sys.stdout.write(json.dumps(last) + "\n")
    sys.stdout.flush()
    sys.exit(0)


if __name__ == "__main__":
    try:
        main()
    except MemoryError:
        _refuse("BOMB")
