"""Older stores: migrated in one transaction, with a copy beside them, or left as they were."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from connector.errors import StoreError
from connector.store import audit, db, upgrade
from connector.store.db import Store
from tests.crash.history import PROCESSES
from tests.store.ledger import AGENCY, EVIDENCE, STORE_KEY, Clock, key_of, new_ledger, reading

NEXT = f"{int(db.REVISION) + 1:04}"
"""The revision of the program to come."""

ADD_COLUMN = """
import sqlalchemy as sa
from alembic import op
revision = "{next}"
down_revision = "{now}"

def upgrade():
    with op.batch_alter_table("audit_entry", recreate="always") as table:
        table.add_column(sa.Column("remark", sa.String()))
    {then}
"""


def raw(path: Path) -> Any:
    return db._connector(path, STORE_KEY, 0.0)()


def schema_of(path: Path) -> dict[str, str]:
    connection = raw(path)
    found = dict(connection.execute("SELECT type || ' ' || name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    connection.close()
    return {str(name): str(sql) for name, sql in found.items()}


def content_of(path: Path) -> dict[str, Any]:
    """Return schema and rows, to compare two moments of a file (an untouched one may still have moved its WAL)."""
    schema = schema_of(path)
    tables = [name.split()[1] for name in schema if name.startswith("table ")]
    connection = raw(path)
    rows = {table: connection.execute(f'SELECT * FROM "{table}"').fetchall() for table in tables}
    connection.close()
    return {"schema": schema, **rows}


@pytest.fixture
def closed(tmp_path: Path, clock: Clock) -> Path:
    ledger = new_ledger(tmp_path, clock)
    ledger.record(reading(key_of(1)))
    ledger.store.close()
    return ledger.store.path


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The migrations of a program to come."""
    return shutil.copytree(upgrade.SCRIPTS, tmp_path / "migrations")


def write_next(scripts: Path, then: str) -> None:
    text_ = ADD_COLUMN.format(then=then, next=NEXT, now=db.REVISION)
    (scripts / "versions" / f"{NEXT}_remark.py").write_text(text_, encoding="utf-8")


def upgrade_to(path: Path, scripts: Path, then: str) -> None:
    write_next(scripts, then)
    writer = db._engine(db._connector(path, STORE_KEY, 0.0), STORE_KEY, "BEGIN IMMEDIATE", pool_size=1)
    try:
        upgrade.upgrade(writer, path, raw, target=NEXT, guards=db.GUARDS, scripts=scripts)
    finally:
        writer.dispose()


def test_the_newest_migration_is_the_revision_of_this_program() -> None:
    assert max(upgrade._revisions(upgrade.SCRIPTS)) == db.REVISION


def test_a_migrated_store_has_the_schema_of_a_created_one(closed: Path, tmp_path: Path) -> None:
    path = tmp_path / "migrated.db"
    engine = db._engine(db._connector(path, STORE_KEY, 0.0), STORE_KEY, "BEGIN IMMEDIATE", pool_size=1)
    with engine.begin() as connection:
        upgrade.migrate(connection, db.REVISION, upgrade.SCRIPTS)
    engine.dispose()
    assert schema_of(path) == schema_of(closed)


def test_a_first_store_keeps_every_delivery_through_all_migrations(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "first.db"
    engine = db._engine(db._connector(path, STORE_KEY, 0.0), STORE_KEY, "BEGIN IMMEDIATE", pool_size=1)
    with engine.begin() as connection:
        upgrade.migrate(connection, "0001", upgrade.SCRIPTS)
        connection.execute(text(f"PRAGMA application_id = {db.APPLICATION_ID}"))
        for number, state in enumerate(("unknown", "superseded", "delivered"), 1):
            connection.execute(
                text(
                    "INSERT INTO delivery (agency, kind, local_id, version, operation, state, state_at, created_at, "
                    "digest, body, body_bytes, concealed, change_cause, change_reason, attempt, crashes, finds, "
                    "next_attempt_at, problems, national_id, receipt_at) VALUES (:agency, 'petition', :id, 1, 'put', "
                    ":state, :at, :at, 'd', x'7b7d', 2, 0, 'progress', '', 1, 0, 2, :at, '[]', 'N', :at)"
                ),
                {"agency": AGENCY, "id": f"demo:{number}", "state": state, "at": "2026-11-22T05:00:00.000000Z"},
            )
    engine.dispose()
    Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=clock).close()
    assert path.with_name("first.db.0001.copy").exists()
    connection = raw(path)
    found = connection.execute(
        "SELECT id, local_id, state, body, finds, absents, candidates, decided FROM delivery ORDER BY id"
    ).fetchall()
    connection.close()
    assert [tuple(row) for row in found] == [
        (1, "demo:1", "unknown", b"{}", 2, 0, None, None),
        (2, "demo:2", "superseded", b"{}", 2, 0, None, None),
        (3, "demo:3", "delivered", b"{}", 2, 0, None, None),
    ]
    assert "delivery_0001" not in str(schema_of(path))


def test_an_upgraded_store_knows_what_was_in_clear_before_it_was_concealed(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "clear.db"
    engine = db._engine(db._connector(path, STORE_KEY, 0.0), STORE_KEY, "BEGIN IMMEDIATE", pool_size=1)
    versions = {"clear": [0, 0], "hidden": [1, 1], "opened": [1, 0], "exposed": [0, 1], "later": [0, 0, 1, 1]}
    with engine.begin() as connection:
        upgrade.migrate(connection, "0018", upgrade.SCRIPTS)
        connection.execute(text(f"PRAGMA application_id = {db.APPLICATION_ID}"))
        for local_id, concealed in versions.items():
            for version, one in enumerate(concealed, start=1):
                values = {
                    "agency": AGENCY, "kind": "petition", "local_id": local_id, "version": version, "operation": "put",
                    "state": "superseded", "state_at": "2026-11-22T05:00:00.000000Z", "created_at": "2026-11-22",
                    "body_bytes": 0, "concealed": one, "change_cause": "progress", "change_reason": "", "attempt": 0,
                    "crashes": 0, "finds": 0, "absents": 0,
                }  # fmt: skip
                named = ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO delivery ({', '.join(values)}) VALUES ({named})"), values)
    engine.dispose()
    Store.open(path, key=STORE_KEY, evidence=EVIDENCE, clock=clock).close()
    connection = raw(path)
    assert [row[0] for row in connection.execute("SELECT local_id FROM concealed_later")] == ["exposed", "later"]
    connection.close()


def test_an_upgraded_store_keeps_its_rows_its_views_and_the_guards_of_its_audit_log(
    closed: Path, scripts: Path
) -> None:
    connection = raw(closed)
    connection.execute("CREATE VIEW v_head AS SELECT agency, max(seq) AS seq FROM audit_entry GROUP BY agency")
    connection.close()
    before = schema_of(closed)
    upgrade_to(closed, scripts, "pass")
    after = schema_of(closed)
    assert "remark" in after["table audit_entry"]
    assert after["view v_head"] == before["view v_head"]
    assert {name for name in after if name.startswith("trigger")} == {
        "trigger audit_entry_is_never_changed",
        "trigger audit_entry_is_never_deleted",
        "trigger retired_body_goes_when_its_text_is_back",
        "trigger retired_body_is_of_no_text_that_is_here",
        "trigger sought_words_are_of_the_newest",
        "trigger sought_words_go_with_the_text",
        "trigger version_is_adopted",
        "trigger version_is_concealed_later",
        "trigger version_is_concealed_otherwise",
        "trigger version_is_received",
        "trigger version_is_recorded",
        "trigger version_is_rejected",
    }
    connection = raw(closed)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone()[0] == NEXT
    assert connection.execute("SELECT seq FROM v_head").fetchone()[0] == 2
    with pytest.raises(Exception, match="append-only"):
        connection.execute("UPDATE audit_entry SET remark = 'x'")
    connection.close()


def test_a_copy_of_the_older_store_is_kept_beside_it(closed: Path, scripts: Path) -> None:
    before = content_of(closed)
    upgrade_to(closed, scripts, "pass")
    copy = closed.with_name(f"kntc.db.{db.REVISION}.copy")
    assert content_of(copy) == before
    assert copy.stat().st_mode & 0o077 == 0
    assert not copy.read_bytes().startswith(b"SQLite format 3")
    assert sorted(file.name for file in closed.parent.glob("*.copy*")) == [copy.name]


def test_a_migration_that_fails_half_way_leaves_the_store_as_it_was(closed: Path, scripts: Path, clock: Clock) -> None:
    before = content_of(closed)
    with pytest.raises(StoreError) as raised:
        upgrade_to(closed, scripts, 'op.execute("INSERT INTO no_such_table VALUES (1)")')
    assert raised.value.id == "E-STORE-UPGRADE"
    assert content_of(closed) == before
    store = Store.open(closed, key=STORE_KEY, evidence=EVIDENCE, clock=clock)
    with store.read() as connection:
        assert audit.verify(connection, AGENCY)[1] is None
    store.close()


def test_a_kill_in_the_middle_of_a_migration_leaves_the_store_as_it_was(closed: Path, scripts: Path) -> None:
    before = content_of(closed)
    fatal = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    run = PROCESSES.Process(target=upgrade_to, args=(closed, scripts, fatal))
    run.start()
    run.join(60)
    assert run.exitcode == -signal.SIGKILL
    assert content_of(closed) == before
    upgrade_to(closed, scripts, "pass")
    assert "remark" in schema_of(closed)["table audit_entry"]


def test_a_bug_in_a_migration_rises_as_it_is_and_leaves_the_store_as_it_was(closed: Path, scripts: Path) -> None:
    before = content_of(closed)
    with pytest.raises(ZeroDivisionError):
        upgrade_to(closed, scripts, "1 / 0")
    assert content_of(closed) == before


def test_a_store_that_was_upgraded_meanwhile_is_left_alone(closed: Path, scripts: Path) -> None:
    upgrade_to(closed, scripts, "pass")
    before = content_of(closed)
    upgrade_to(closed, scripts, "pass")
    assert content_of(closed) == before


def test_an_older_store_is_upgraded_when_it_is_opened(
    closed: Path, scripts: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_next(scripts, "pass")
    monkeypatch.setattr(db, "REVISION", NEXT)
    monkeypatch.setattr(upgrade, "SCRIPTS", scripts)
    store = Store.open(closed, key=STORE_KEY, evidence=EVIDENCE, clock=clock)
    with store.write() as tx:
        assert tx.connection.execute(text("SELECT count(remark) FROM audit_entry")).scalar() == 0
        with pytest.raises(DatabaseError):
            tx.connection.execute(text("DELETE FROM audit_entry"))
    store.close()


def test_an_older_program_refuses_the_upgraded_store(closed: Path, scripts: Path) -> None:
    upgrade_to(closed, scripts, "pass")
    with pytest.raises(StoreError) as raised:
        Store.open(closed, key=STORE_KEY, evidence=EVIDENCE)
    assert raised.value.id == "E-STORE-NEWER"
