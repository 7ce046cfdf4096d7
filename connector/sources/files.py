"""A folder of files as a source: read whole into a SQLite database in memory, and asked there with the same queries.

    look    every file of the mapping rests, nobody has it open, none is too large
    read    all of them, and look again: what was read is one state of the folder, or nothing
    load    into tables; see `table_rows.py`
    ask     as any database: see `sql.py`

The files are never written and never locked. Nothing of them is kept on our disk.
May import: core, errors, base, csv_file, engines, sql, table_rows, workbook, the standard library.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from connector.core.file_tables import FileTable
from connector.core.kind_mapping import KindMapping
from connector.core.mapping import CompiledMapping
from connector.errors import SourceError
from connector.sources.base import Page, Place
from connector.sources.csv_file import read_csv
from connector.sources.engines import loaded_engine
from connector.sources.sql import SqlSource
from connector.sources.table_rows import RefusedError, load
from connector.sources.workbook import read_workbook

REST_S = 10.0
"""A file that was changed less than this ago may still be half written."""

MAX_BYTES = 32 * 2**20
"""No file is larger. Read whole, it takes several times as much memory for a moment."""

State = tuple[int, ...]


class FileSource:
    """One agency's folder of files. For one thread at a time.

    The files are looked at before each sweep and each question, and read again if one of them is another than before;
    a sweep that has begun goes on in what was read when it began. Every failure is SourceError, E-SOURCE-FILE-…, with
    the file's name: then nothing of the folder is read at all."""

    def __init__(
        self,
        folder: Path,
        agency: str,
        mapping: CompiledMapping,
        evidence_key: bytes,
        *,
        page_rows: int = 500,
        max_rows: int = 20_000,
        query_timeout_s: float = 60.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._agency = agency
        self._mapping = mapping
        self._now = now
        self._evidence_key = evidence_key
        self._page_rows, self._max_rows, self._query_timeout_s = page_rows, max_rows, query_timeout_s
        self._read: SqlSource | None = None
        self._states: dict[str, State] = {}

    def probe(self) -> None:
        """See `Source`. Reads the files: what is wrong with one of them is a SourceError."""
        self._fresh().probe()

    def count(self, kind: KindMapping) -> int:
        """See `Source`."""
        return self._fresh().count(kind)

    def pages(self, kind: KindMapping, *, lo: Any = None) -> Iterator[Page]:
        """See `Source`. All pages are of one state of the files."""
        yield from self._fresh().pages(kind, lo=lo)

    def fetch(self, kind: KindMapping, values: Iterable[Any]) -> Iterator[Page]:
        """See `Source`."""
        yield from self._fresh().fetch(kind, values)

    def clock(self, kind: KindMapping) -> datetime:
        """See `Source`. Files have no clock: this machine's."""
        return self._fresh().clock(kind)

    def later_than(self, kind: KindMapping, moment: datetime) -> int:
        """See `Source`."""
        return self._fresh().later_than(kind, moment)

    def changed(self, kind: KindMapping, since: datetime, after: Place | None, until: datetime) -> list[Place]:
        """See `Source`."""
        return self._fresh().changed(kind, since, after, until)

    def shape(self, kind: KindMapping) -> Mapping[str, str]:
        """See `Source`. Everything in a file is text."""
        return self._fresh().shape(kind)

    def part(self, kind: KindMapping, key: str, start: int, count: int) -> bytes:
        """See `Source`."""
        return self._fresh().part(kind, key, start, count)

    def has_snapshot(self, kind: KindMapping) -> bool:
        """See `Source`. All tables are of one state of the files."""
        return kind.settings.snapshot is not False

    def codes(self, kind: KindMapping, sql: str) -> list[tuple[Any, str]]:
        """See `Source`."""
        return self._fresh().codes(kind, sql)

    def close(self) -> None:
        """See `Source`. Gives the memory back."""
        if self._read is not None:
            self._read.close()
        self._read, self._states = None, {}

    def _fresh(self) -> SqlSource:
        """The files as they are now, read if they are not what was read before."""
        files = sorted({table.file for table in self._mapping.tables.values()})
        states = {file: self._look(file) for file in files}
        if self._read is None or states != self._states:
            # Not closed here: a sweep may still walk over it. It goes with its last user.
            self._read, self._states = None, {}
            self._read = self._load(states)
            self._states = states
        return self._read

    def _look(self, file: str) -> State:
        """What tells this state of a file from others. Raises SourceError for a file that cannot be read now."""
        for lock in (f"~${file}", f"~${file[2:]}", f".~lock.{file}#"):
            if os.path.lexists(self._folder / lock):
                raise self._refused(file, "E-SOURCE-FILE-LOCKED", lock=lock)
        try:
            found = (self._folder / file).stat()
        except FileNotFoundError:
            raise self._refused(file, "E-SOURCE-FILE-ABSENT") from None
        except OSError as failed:
            raise self._refused(file, "E-SOURCE-FILE-UNREADABLE", error=type(failed).__name__) from None
        if not stat.S_ISREG(found.st_mode):
            raise self._refused(file, "E-SOURCE-FILE-UNREADABLE", error="no regular file")
        if found.st_size > MAX_BYTES:
            raise self._refused(file, "E-SOURCE-FILE-BOUND", bound=f"{MAX_BYTES} bytes")
        if self._now() - found.st_mtime < REST_S:
            raise self._refused(file, "E-SOURCE-FILE-MOVING", seconds=int(REST_S))
        return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_dev, found.st_ino

    def _load(self, states: dict[str, State]) -> SqlSource:
        contents = {file: self._bytes(file) for file in states}
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        try:
            connection.execute("BEGIN")
            for table in self._mapping.tables.values():
                self._table(connection, table, contents[table.file])
            connection.execute("COMMIT")
            self._look_again(states, contents)
        except BaseException:
            connection.close()
            raise
        return SqlSource(
            loaded_engine(connection),
            self._agency,
            self._mapping,
            self._evidence_key,
            page_rows=self._page_rows,
            max_rows=self._max_rows,
            query_timeout_s=self._query_timeout_s,
        )

    def _look_again(self, states: dict[str, State], contents: dict[str, bytes]) -> None:
        """What was read must still stand there: a program that writes in place may leave size and times alone."""
        for file, state in states.items():
            if self._look(file) != state or self._bytes(file) != contents[file]:
                raise self._refused(file, "E-SOURCE-FILE-MOVING", seconds=int(REST_S))

    def _table(self, connection: sqlite3.Connection, table: FileTable, content: bytes) -> None:
        try:
            load(connection, table, read_csv(content, table) if table.is_csv else read_workbook(content, table))
        except RefusedError as error:
            id_, values = error.id, error.values
        else:
            return
        raise self._refused(table.file, id_, **values)  # outside of `except`: what is attached there may show values

    def _bytes(self, file: str) -> bytes:
        """The whole file, never more than it may have."""
        try:
            with (self._folder / file).open("rb") as opened:
                content = opened.read(MAX_BYTES + 1)
        except FileNotFoundError:
            raise self._refused(file, "E-SOURCE-FILE-MOVING", seconds=int(REST_S)) from None
        except OSError as failed:
            raise self._refused(file, "E-SOURCE-FILE-UNREADABLE", error=type(failed).__name__) from None
        if len(content) > MAX_BYTES:
            raise self._refused(file, "E-SOURCE-FILE-BOUND", bound=f"{MAX_BYTES} bytes")
        return content

    def _refused(self, file: str, id_: str, **values: str | float) -> SourceError:
        return SourceError(id_, agency=self._agency, file=file, **values)
