"""The agency's database after a year of us: unchanged, never locked, though the login could have done anything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from connector.sources.engines import open_engine, reading
from tests.servers import ENGINES, Database, database
from tests.stages.agency import AGENCY, Agency

LONG_S = 30.0
ROWS = 12
"""Four pages."""


@pytest.fixture(params=ENGINES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with a login that may write: that of its own software."""
    with database(request.param, tmp_path) as made:
        if request.param == "mariadb":
            made.run("SET GLOBAL userstat = ON")
        made.make_tables()
        for number in range(1, ROWS + 1):
            made.add(number)
        yield made


@pytest.fixture
def agency(source: Database, tmp_path: Path) -> Iterator[Agency]:
    made = Agency(tmp_path, source, 'changed_at = "sua"')
    made.source_clock("2026-03-02 09:00:00")
    yield made
    made.close()


def written(source: Database) -> list[int | str]:
    """What the database itself counts of writes so far, by anybody; of a file, what it is made of."""
    if source.kind == "sqlite":
        files = sorted(Path(make_url(source.url).database or "").parent.glob("nguon*"))
        # Not what is in its -shm: readers of a file note there that they read.
        return [f"{file.name} {_digest(file)}" for file in files if not file.name.endswith("-shm")]
    statement = {
        "postgresql": "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del), count(*) FROM pg_stat_user_tables",
        "mariadb": "SELECT SUM(ROWS_CHANGED), COUNT(*) FROM information_schema.TABLE_STATISTICS "
        "WHERE TABLE_SCHEMA = DATABASE()",
    }[source.kind]
    # A session tells its own counts at the end of a transaction; a table that nobody has read is not counted at all.
    source.run("SELECT pg_stat_force_next_flush()" if source.kind == "postgresql" else "SELECT COUNT(*) FROM don")
    with source.engine.begin() as connection:
        return [int(found or 0) for found in connection.exec_driver_sql(statement).one()]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def ours(source: Database) -> list[tuple[object, ...]]:
    """Our sessions that are in a transaction, or hold a lock."""
    statement = {
        "postgresql": "SELECT a.pid, a.state, l.mode FROM pg_stat_activity a LEFT JOIN pg_locks l ON l.pid = a.pid "
        "WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() "
        "AND (l.pid IS NOT NULL OR a.state <> 'idle')",
        "mariadb": "SELECT t.trx_mysql_thread_id FROM information_schema.INNODB_TRX t "
        "JOIN information_schema.PROCESSLIST p ON p.ID = t.trx_mysql_thread_id AND p.DB = DATABASE() "
        "WHERE p.ID <> CONNECTION_ID()",
    }.get(source.kind)
    if statement is None:
        return []
    with source.engine.begin() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


def alter(source: Database, number: int) -> None:
    """Change the structure of the table that is being read, which waits for every reader; not for long."""
    patience = {"postgresql": "SET LOCAL lock_timeout = '1s'", "mariadb": "SET SESSION lock_wait_timeout = 1"}
    source.run(
        patience.get(source.kind, "PRAGMA busy_timeout = 1000"), f"ALTER TABLE don ADD COLUMN moi_{number} INTEGER"
    )


def test_days_of_reading_write_nothing_at_the_source(agency: Agency, source: Database) -> None:
    before = written(source)
    agency.collect()
    agency.wait(60)
    agency.collect()
    assert agency.app.tripped(AGENCY) == ()
    assert written(source) == before
    assert len(agency.versions()) == ROWS
    source.add(ROWS + 1)  # and what was asked does count
    assert written(source) != before


def test_between_two_pages_nothing_is_held(agency: Agency, source: Database) -> None:
    for page, _ in enumerate(agency.app.collect(AGENCY)):
        assert ours(source) == []
        alter(source, page)
    assert page >= ROWS / 3
    assert len(agency.versions()) == ROWS


def test_a_session_that_tries_to_write_is_refused_by_the_database(source: Database) -> None:
    engine = open_engine(source.url)
    for statement in (
        "INSERT INTO gio VALUES ('2026-03-02 09:00:00')",
        "UPDATE don SET loai = 2",
        "DELETE FROM don",
        "DROP TABLE don" if source.kind != "mariadb" else "TRUNCATE TABLE don",
    ):
        with pytest.raises(DBAPIError, match=r"(?i)read.?only"), reading(engine, LONG_S) as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    with source.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM don WHERE loai = 1").scalar() == ROWS
