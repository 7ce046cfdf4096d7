"""`[tables.<name>]` of mapping.toml: files as tables, for a source that is a folder of files and no database.

A table has a declared key: columns whose values name a row wherever it stands. The number of a row never does.
May import: section, the standard library.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from connector.core.section import Section

DELIMITERS = {",": ",", ";": ";", "|": "|", "tab": "\t"}
ENCODINGS = ("utf-8", "utf-16", "windows-1258", "windows-1252")
CSV = ".csv"
KINDS_OF_FILE = (CSV, ".xlsx", ".xls", ".ods")

MAX_HEADER = 100

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_FILE = re.compile(r"[^/\\:*?\"<>|\x00-\x1f]{1,200}")


@dataclass(frozen=True, slots=True)
class FileTable:
    """One table: which file of the source's folder, and how it is read. "" for what is found out from the file.

    `key`: columns that are filled in every row and, together, different in each. `header`: the row of the headings,
    counted from 1; what stands above it is not read. `sheet`: of a workbook; "" if it has only one that can be seen."""

    name: str
    file: str
    key: tuple[str, ...]
    delimiter: str = ""
    encoding: str = ""
    header: int = 1
    sheet: str = ""

    @property
    def is_csv(self) -> bool:
        """Whether the file is text; else it is a workbook."""
        return self.file.lower().endswith(CSV)


def column_name(heading: str) -> str:
    """Return what a heading is called in SQL: `Họ tên, địa chỉ` is ho_ten_dia_chi, `(1)` is c_1; "" if it says nothing.

    Spelling of marks, case and blanks makes no difference, so no name needs quotes."""
    bare = unicodedata.normalize("NFD", heading.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter)).lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


def read_tables(section: Section | None) -> dict[str, FileTable]:
    """Read `[tables]`, by the name that queries use; empty if the mapping is for a database."""
    tables: dict[str, FileTable] = {}
    for name in section.keys() if section else ():
        found = section.section(name) if section else None
        if found is not None:
            if not _NAME.fullmatch(name):
                found.report("E-CFG-VALUE", "", name, "lower-case letters, digits, _; at most 60")
            tables[name] = _table(name, found)
    return tables


def check_keys(
    section: Section, tables: Mapping[str, FileTable], walked: Iterable[tuple[str, str]], key: Mapping[str, str]
) -> None:
    """Report a range or a key that is not made of declared keys. `walked`: table and column of each range; `key`: where
    each key column of the kind comes from, as `table.column`."""
    for table, column in walked:
        if table and table not in tables:
            section.report("E-CFG-VALUE", "range.table", table, f"one of {', '.join(tables)}")
        elif table and column and column != next(iter(tables[table].key), column):
            section.report("E-CFG-VALUE", "range.column", column, "the first column of the table's declared key")
    for name, origin in key.items():
        home, _, at = origin.partition(".")
        if home not in tables or (tables[home].key and at not in tables[home].key):
            section.report("E-CFG-VALUE", "key", name, "a column of the table's declared key")


def _table(name: str, section: Section) -> FileTable:
    file = section.text("file", needed=True)
    if file and (not _FILE.fullmatch(file) or not file.lower().endswith(KINDS_OF_FILE)):
        section.report("E-CFG-VALUE", "file", file, f"the name of a file, without folder: {', '.join(KINDS_OF_FILE)}")
    key = section.texts("key", needed=True)
    for column in key:
        if column != column_name(column):
            section.report("E-CFG-VALUE", "key", column, "a column's name in SQL, such as ma_luot_tiep")
    delimiter, encoding = section.text("delimiter"), section.text("encoding")
    if delimiter and delimiter not in DELIMITERS:
        section.report("E-CFG-VALUE", "delimiter", delimiter, f"one of {' '.join(DELIMITERS)}")
    if encoding and encoding not in ENCODINGS:
        section.report("E-CFG-VALUE", "encoding", encoding, f"one of {', '.join(ENCODINGS)}")
    header = section.integer("header")
    if header is not None and not 1 <= header <= MAX_HEADER:
        section.report("E-CFG-VALUE", "header", header, f"the number of a row, from 1 to {MAX_HEADER}")
        header = None
    sheet = section.text("sheet")
    foreign = ("sheet",) if file.lower().endswith(CSV) else ("delimiter", "encoding")
    for option in foreign if file else ():
        if section.has(option):
            section.report("E-CFG-VALUE", option, option, "no such option of this kind of file")
    section.close()
    return FileTable(name, file, key, DELIMITERS.get(delimiter, ""), encoding, header or 1, sheet)
