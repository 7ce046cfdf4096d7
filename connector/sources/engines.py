"""Connections that can only read: one per source, bounded in time, silent about values.

Read-only is asked of the database itself where its kind knows how to be asked; the agency's login should have no
other right anyway. Error texts of drivers hold values of records, so none leaves this folder.
May import: errors, postgresql_days, sqlalchemy, the standard library.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from connector.errors import ConfigError

FILES = "files"
"""How the URL of a folder of files begins: `files:///folder`."""

BUSY_S = 5.0
"""So long a locked SQLite source is waited for."""

_PROGRESS_STEPS = 20_000

# What is said at the start of each page's transaction. {ms}: the query timeout; {s}: the same in seconds;
# {lock_s}: in whole ones, for another's table lock or change of a table.
# MySQL and MariaDB: of the session, for their statements that change tables end the transaction before they begin.
# One snapshot per page where that costs the agency nothing; never a lock that its own program could wait for.
_OPENING = {
    "postgresql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "SET LOCAL statement_timeout = {ms}",
    ),
    "mysql": (
        "SET SESSION MAX_EXECUTION_TIME = {ms}, lock_wait_timeout = {lock_s}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    ),
    "mariadb": (
        "SET SESSION max_statement_time = {s}, lock_wait_timeout = {lock_s}",
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    ),
    "mssql": ("SET LOCK_TIMEOUT {ms}",),
    "oracle": ("SET TRANSACTION READ ONLY",),
}


def source_url(text: str | URL) -> URL:
    """Return a source's URL, or raise ConfigError: E-CFG-SOURCE-URL if it is none, E-CFG-DRIVER if what speaks to such
    a database is not installed. Neither shows any part of the URL, which may hold a password where no eye expects it.
    """
    url, wrong = _parsed(text)
    if url is None:
        raise ConfigError(wrong)  # outside of `except`: a traceback would show the URL
    return url


def open_engine(url: str | URL) -> Engine:
    """Return an engine that reads. Nothing is connected yet; see `source_url` for what is a ConfigError here."""
    parsed = source_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    engine = create_engine(parsed, hide_parameters=True, pool_size=1, max_overflow=0, pool_pre_ping=True)
    if engine.driver == "psycopg":
        from connector.sources.postgresql_days import as_texts  # noqa: PLC0415 - who reads others need not have psycopg

        event.listen(engine, "connect", as_texts)
    return engine


def loaded_engine(connection: sqlite3.Connection) -> Engine:
    """Return an engine that reads what was loaded into this database in memory, and closes it when it is disposed."""
    connection.execute("PRAGMA query_only = ON")
    engine = create_engine("sqlite://", creator=lambda: connection, hide_parameters=True, poolclass=StaticPool)
    event.listen(engine, "begin", lambda opened: opened.exec_driver_sql("BEGIN"))
    return engine


def _parsed(text: str | URL) -> tuple[URL | None, str]:
    """The URL, or None and the id of what is wrong with it."""
    try:
        url = make_url(text)
        if url.drivername == FILES:
            return (url, "") if url.database and not url.host else (None, "E-CFG-SOURCE-URL")
        url.get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError):  # the first is an ArgumentError too
        return None, "E-CFG-DRIVER"
    except (ArgumentError, ValueError):
        return None, "E-CFG-SOURCE-URL"
    if url.get_backend_name() == "sqlite" and (not url.database or url.database == ":memory:"):
        return None, "E-CFG-SOURCE-URL"
    return url, ""


@contextmanager
def reading(engine: Engine, timeout_s: float) -> Iterator[Connection]:
    """One read-only transaction, rolled back at the end. Every statement in it is stopped after `timeout_s`;
    SQLite: all of them together."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            until = time.monotonic() + timeout_s
            driver.set_progress_handler(lambda: time.monotonic() > until, _PROGRESS_STEPS)
        name = "mariadb" if getattr(engine.dialect, "is_mariadb", False) else engine.dialect.name
        for statement in _OPENING.get(name, ()):
            connection.exec_driver_sql(
                statement.format(ms=int(timeout_s * 1000), s=timeout_s, lock_s=max(1, int(timeout_s)))
            )
        yield connection
        connection.rollback()


def _sqlite_engine(url: URL) -> Engine:
    file = f"{Path(url.database or '').absolute().as_uri()}?mode=ro"
    engine = create_engine("sqlite://", creator=partial(_open_sqlite, file), hide_parameters=True, pool_size=1)
    # The driver's own transactions begin at the first write, which never comes: a page would be no snapshot.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _open_sqlite(file: str) -> sqlite3.Connection:
    connection = sqlite3.connect(file, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    # A text that is not UTF-8 must become one record's problem, not an error (with the value in it) of the page.
    connection.text_factory = partial(str, encoding="utf-8", errors="surrogateescape")
    connection.execute("PRAGMA query_only = ON")
    return connection
