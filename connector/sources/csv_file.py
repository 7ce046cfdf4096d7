"""A CSV file becomes headings and rows of text, or is refused with the place: nothing in it is guessed.

Encoding and delimiter are those that the mapping declares, or what only one reading of the file allows.
May import: core, errors, table_rows, the standard library.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator

from connector.core.file_tables import DELIMITERS, FileTable
from connector.sources.table_rows import RefusedError, Rows

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
"""What Excel and others put before the text. No text that a person wrote begins so."""

_SAID = re.compile(r"sep=(.)\r?\n")
"""Excel's own first line that names the delimiter; a spreadsheet does not show it, so it is no row."""


def read_csv(content: bytes, table: FileTable) -> Rows:
    """Return the file's rows by their numbers. Rows are parsed as they are asked for; raises RefusedError."""
    text = _text(content, table.encoding)
    delimiter = table.delimiter
    if said := _SAID.match(text):
        text, delimiter = text[said.end() :], delimiter or said.group(1)
    return _rows(text, delimiter or _only_delimiter(text, table.header))


def _text(content: bytes, declared: str) -> str:
    marked = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "")
    encoding = marked or declared or "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = "\0"  # raised outside of `except`: the error holds the file's bytes
    if "\0" in text:
        raise RefusedError("E-SOURCE-FILE-ENCODING", encoding=encoding.removesuffix("-sig"))
    return text


def _only_delimiter(text: str, header: int) -> str:
    """The one delimiter that cuts the headings; a comma if none does: then there is one column."""
    cutting = []
    for delimiter in DELIMITERS.values():
        for number, cells in _rows(text, delimiter):
            if number >= header:
                cutting += [delimiter] if len(cells) > 1 else []
                break
    if len(cutting) > 1:
        raise RefusedError("E-SOURCE-FILE-DELIMITER")
    return cutting[0] if cutting else ","


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number that a spreadsheet shows for it: a cell of several lines is still one row."""
    number = 0
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number += 1
        wrong = False
        try:
            cells = next(rows, None)
        except csv.Error:
            wrong, cells = True, None
        if wrong:
            raise RefusedError("E-SOURCE-FILE-QUOTES", row=number)  # outside of `except`: see above
        if cells is None:
            return
        yield number, cells
