"""Databases of agencies for tests: a SQLite file, or one of its own on a real PostgreSQL or MariaDB.

Where a server is not there its tests are skipped, with one line that says so; where nothing may be skipped
(KNTC_NO_SKIPS), that is a failure. KNTC_TEST_POSTGRESQL and KNTC_TEST_MARIADB name other servers.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError

SERVERS = {
    "postgresql": os.environ.get("KNTC_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"),
    "mariadb": os.environ.get("KNTC_TEST_MARIADB", "mysql+pymysql://root@127.0.0.1:3306/"),
}

ENGINES = ("sqlite", "postgresql", "mariadb")

TABLES = """
CREATE TABLE don (id INTEGER PRIMARY KEY, ngay VARCHAR(10), loai INTEGER, noi_dung VARCHAR(100), sua {time}){engine};
CREATE TABLE nguoi (id_don INTEGER, stt INTEGER, ho_ten VARCHAR(100)){engine};
CREATE TABLE gio (luc {time}){engine}
"""

MAPPING = """
kind = "petition"
key = ["id"]
[range]
table = "don"
column = "id"
[source]
{source}
[select]
table = "don"
sql = "SELECT id, ngay, loai, noi_dung FROM don WHERE id > :lo AND id <= :hi"
[[children]]
name = "nguoi"
table = "nguoi"
key = ["id_don"]
sql = "SELECT id_don, ho_ten FROM nguoi WHERE id_don > :lo AND id_don <= :hi ORDER BY id_don, stt"
[secrecy]
petition_type = {{ column = "loai", codes = "loai" }}
[fields]
"/received_on" = {{ column = "ngay" }}
"/type" = {{ column = "loai", codes = "loai" }}
"/content" = {{ column = "noi_dung" }}
"/petitioners/*" = {{ rows = "nguoi" }}
"/petitioners/*/full_name" = {{ column = "ho_ten", transform = "line" }}
"/petitioners/*/disclosure" = {{ constant = "named" }}
"""

HEAD = """
format = 1
system = "mau"
source = "mau"
timezone = "Asia/Ho_Chi_Minh"
title = { vi = "Mẫu", en = "Sample" }
kinds = ["petition"]
"""

CODES = """
name = "loai"
list = "petition-type"
source = "don.loai"
[map]
1 = "complaint"
2 = "denunciation"
3 = "recommendation_feedback"
"""


class Database:
    """One agency's database, as its own software writes to it. `url` is what the connector is given."""

    def __init__(self, url: str, kind: str) -> None:
        self.url, self.kind = url, kind
        self.engine: Engine = create_engine(url)
        if kind == "sqlite":
            # As a program does that lets others read: and its transactions begin when they are told to.
            event.listen(self.engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA journal_mode = WAL").close())
            # And no commit waits for the disk: nobody needs this database after the test.
            event.listen(self.engine, "connect", lambda dbapi, _: dbapi.execute("PRAGMA synchronous = OFF").close())

    def run(self, *statements: str) -> None:
        """Run statements in one transaction of their own."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))

    def make_tables(self, engine: str = "") -> None:
        time = {"sqlite": "VARCHAR(26)", "postgresql": "TIMESTAMP", "mariadb": "DATETIME(6)"}[self.kind]
        written = TABLES.format(time=time, engine=f" ENGINE={engine}" if engine and self.kind == "mariadb" else "")
        self.run(*(statement for statement in written.split(";") if statement.strip()))

    def add(self, number: int, *, changed: str | None = "2026-03-02 08:00:00", content: str = "A") -> None:
        when = f"'{changed}'" if changed else "NULL"
        self.run(f"INSERT INTO don VALUES ({number}, '2026-02-02', 1, '{content}', {when})")

    @contextmanager
    def open_transaction(self) -> Iterator[Connection]:
        """A transaction that commits when the block ends."""
        with self.engine.begin() as connection:
            yield connection


@contextmanager
def database(kind: str, folder: Path) -> Iterator[Database]:
    """Give a new, empty database of this kind, and remove it at the end."""
    if kind == "sqlite":
        made = Database(f"sqlite:///{folder / 'nguon.sqlite'}", kind)
        yield made
        made.engine.dispose()
        return
    if reason := absent(kind):
        pytest.skip(reason)
    name = f"kntc_test_{secrets.token_hex(6)}"
    with _administering(kind) as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    made = Database(make_url(SERVERS[kind]).set(database=name).render_as_string(hide_password=False), kind)
    try:
        yield made
    finally:
        made.engine.dispose()
        force = " WITH (FORCE)" if kind == "postgresql" else ""
        with _administering(kind) as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{force}")


@contextmanager
def acting_before(engine: Engine, words: str, act: Callable[[], None]) -> Iterator[None]:
    """Let somebody act once, just before the first query with these words that reads a page.

    An empty range asks for the types of the columns only, before any page is read."""
    done: list[bool] = []

    def between(_connection: object, _cursor: object, sql: str, values: Any, *_: object) -> None:
        bounds = {each for each in (values.values() if isinstance(values, dict) else values) if isinstance(each, int)}
        if words in sql and len(bounds) > 1 and not done:
            done.append(True)
            act()

    event.listen(engine, "before_cursor_execute", between)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", between)
    assert done


@contextmanager
def _administering(kind: str) -> Iterator[Connection]:
    engine = create_engine(SERVERS[kind], isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@cache
def absent(kind: str) -> str:
    """Why the tests of a server cannot run; "" if it answers."""
    try:
        with _administering(kind) as connection:
            connection.exec_driver_sql("SELECT 1")
    except (DBAPIError, ModuleNotFoundError):
        url = make_url(SERVERS[kind])
        return f"no {kind} answers at {url.host}:{url.port}"
    return ""
