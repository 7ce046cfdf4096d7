"""Rows that somebody wrote to try a mapping: read into a database in memory, and asked there with the same queries.

    tests/rows.sql          structure and rows, in the SQL of SQLite; tables of a schema that the mapping walks over too
    tests/rows/<table>.csv  instead, where the mapping's tables are files: the headings, then the rows

May import: core, errors, csv_file, engines, sql, table_rows, the standard library.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from connector.core.mapping import CompiledMapping
from connector.errors import DataError
from connector.sources.csv_file import read_csv
from connector.sources.engines import loaded_engine
from connector.sources.sql import SqlSource
from connector.sources.table_rows import RefusedError, load

MAX_BYTES = 4 * 2**20
"""No file of test rows is larger."""

LONGEST_S = 30.0
"""So long all statements of a file may take together."""

_EVIDENCE_KEY = b"rows that somebody invented, seen"  # the fingerprints are compared with none
_PROGRESS_STEPS = 20_000


def open_rows(folder: Path, mapping: CompiledMapping, agency: str) -> SqlSource:
    """Return the source that the rows in this folder are; `close` gives its memory back.

    Raises DataError: E-MAPPING-TEST-ABSENT where there are none, E-MAPPING-TEST-ROWS with the line of a statement that
    SQLite does not take, E-SOURCE-FILE-… for a CSV file."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")  # as of any SQLite source
    try:
        if mapping.tables:
            _load_files(connection, folder, mapping)
        else:
            _load_sql(connection, folder / "rows.sql", mapping)
    except BaseException:
        connection.close()
        raise
    return SqlSource(loaded_engine(connection), agency, mapping, _EVIDENCE_KEY, query_timeout_s=LONGEST_S)


def bytes_of(path: Path) -> bytes:
    """Return what a file of a test holds. Raises DataError if it is not there, or larger than any may be."""
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
    except OSError:
        raise DataError("E-MAPPING-TEST-ABSENT", file=str(path)) from None
    if len(content) > MAX_BYTES:
        raise DataError("E-MAPPING-TEST-ROWS", file=str(path), line=0, error=f"at most {MAX_BYTES} bytes")
    return content


def _load_sql(connection: sqlite3.Connection, path: Path, mapping: CompiledMapping) -> None:
    content = bytes_of(path)
    schemas = {walked.schema for kind in mapping.kinds for walked in mapping.kind(kind).ranges} - {""}
    for schema in sorted(schemas):
        quoted = schema.replace('"', '""')
        connection.execute(f"ATTACH ':memory:' AS \"{quoted}\"")
    if (at := content.find(b"\0")) >= 0:
        raise DataError("E-MAPPING-TEST-ROWS", file=str(path), line=content.count(b"\n", 0, at) + 1, error="NUL")
    # What lies on this machine's disk is no business of test rows.
    connection.set_authorizer(_refuse_files)
    until = time.monotonic() + LONGEST_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _PROGRESS_STEPS)
    for line, statement in _statements(content.decode("utf-8", errors="replace")):
        try:
            connection.executescript(statement)
        except sqlite3.Error as error:
            raise DataError("E-MAPPING-TEST-ROWS", file=str(path), line=line, error=str(error)) from None
    connection.set_authorizer(None)


def _refuse_files(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_DENY if action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) else sqlite3.SQLITE_OK


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line on which it begins; several that end on one line come together."""
    begins, gathered = 0, ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not gathered.strip() and (not line.strip() or line.lstrip().startswith("--")):
            continue
        begins, gathered = begins or number, gathered + line
        if ";" in line and sqlite3.complete_statement(gathered):
            yield begins, gathered
            begins, gathered = 0, ""
    if gathered.strip():
        yield begins, gathered


def _load_files(connection: sqlite3.Connection, folder: Path, mapping: CompiledMapping) -> None:
    for table in mapping.tables.values():
        name = f"rows/{table.name}.csv"
        written = replace(table, file=name, delimiter=",", encoding="utf-8", header=1, sheet="")
        content = bytes_of(folder / name)
        try:
            load(connection, written, read_csv(content, written))
        except RefusedError as error:
            id_, values = error.id, error.values
        else:
            continue
        raise DataError(id_, file=name, **values)
