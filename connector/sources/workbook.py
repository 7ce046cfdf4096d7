"""A workbook (xlsx, xls, ods) becomes rows of text; it is opened in a process of its own, never in this one.

May import: core, errors, table_rows, the standard library.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from connector.core.file_tables import FileTable
from connector.errors import DataError
from connector.sources.table_rows import RefusedError, Rows

TIMEOUT_S = 120.0
MAX_HANDED_BYTES = 8 * 2**20
"""Of a workbook that somebody hands over to a command."""
MAX_CELLS = 2_000_000
MAX_TEXT = 64 * 2**20

_CHILD = Path(__file__).with_name("workbook_child.py")
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""All that the child gets of our surroundings: secrets may stand in the others."""
_STOPPED = frozenset({-signal.SIGTERM, -signal.SIGINT})


def read_workbook(content: bytes, table: FileTable) -> Rows:
    """Return the rows of the table's sheet by their numbers, all of one length. Raises RefusedError."""
    lines = _answer(content, table).splitlines()
    last = json.loads(lines[-1]) if lines else {}
    if "refused" in last:
        raise RefusedError(f"E-SOURCE-FILE-{last.pop('refused')}", **last)
    if "done" not in last:
        raise RefusedError("E-SOURCE-FILE-BOMB")
    return _rows(lines[:-1])


def sheet_of(path: Path, sheet: str, header: int) -> list[tuple[int, list[str]]]:
    """Return the rows of one sheet of a workbook that somebody hands over, by their numbers. What stands above `header`
    may be merged. Raises DataError for a file that cannot be opened, is too large, or is no such workbook."""
    try:
        if not path.is_file():  # a pipe would be waited for
            raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error="no file")
        with path.open("rb") as opened:
            content = opened.read(MAX_HANDED_BYTES + 1)
    except OSError as error:
        raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error=type(error).__name__) from None
    if len(content) > MAX_HANDED_BYTES:
        raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error=f"> {MAX_HANDED_BYTES} bytes")
    try:
        return list(read_workbook(content, FileTable("decisions", path.name, (), header=header, sheet=sheet)))
    except RefusedError as error:
        why = error.id.rpartition("-FILE-")[2].lower()
    raise DataError("E-WORKBOOK-UNREADABLE", file=path.name, error=why)


def _rows(lines: list[bytes]) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, 1):
        yield number, json.loads(line)


def _answer(content: bytes, table: FileTable) -> bytes:
    """What the child wrote. One that was ended by its limits wrote no last line: there is nothing to believe then."""
    bounds = [str(value) for value in (table.header, MAX_CELLS, MAX_TEXT)]
    command = [sys.executable, "-I", str(_CHILD), table.sheet, *bounds]
    surroundings = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - this very interpreter, and no shell
            command,
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return b""
    if done.returncode in _STOPPED:
        raise RefusedError("E-SOURCE-FILE-UNREADABLE", error="interrupted")
    if done.returncode == 1:  # it met what no workbook should hold, and said so only to itself
        raise RefusedError("E-SOURCE-FILE-FORMAT")
    return done.stdout if done.returncode == 0 else b""
