"""Bringing an older store to this program's revision. Alembic is imported here alone, and only when it is needed.

    a copy of the store is kept beside it          `<file>.<revision>.copy`, under the same key
    one transaction: views away, migrations, views back, guards made anew

If the process dies anywhere here, the store is what it was: nothing is committed before everything is done.
A migration that changes a table in Alembic's batch mode copies the table: SQLite then drops its triggers without a
word, refuses while a view uses it, and Alembic does not reflect CHECKs (give them as `table_args`). The views and the
triggers are seen to here; the rest is held by the test that compares a migrated store with a created one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DatabaseError

from connector.errors import StoreError

SCRIPTS = Path(__file__).parent / "migrations"
"""The migrations of this program."""


def upgrade(
    writer: Engine,
    path: Path,
    connect: Callable[[Path], Any],
    *,
    target: str,
    guards: Sequence[str],
    scripts: Path,
) -> None:
    """Migrate the store at `path` to the revision `target`; return when it is committed.

    connect opens a raw connection to a file under the store's key; guards are the triggers of the target revision.
    Raises StoreError: E-STORE-OLDER if no migration starts from the store's revision, E-STORE-UPGRADE if one of them
    failed; the store is then as it was."""
    with writer.begin() as connection:  # BEGIN IMMEDIATE: from here on nobody else writes
        before = str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        if before == target:
            return  # another process was first
        if before not in _revisions(scripts):
            raise StoreError("E-STORE-OLDER", file=str(path), store=before, program=target)
        _keep_copy(path, connect, before)
        try:
            _upgrade_inside(connection, target, guards, scripts)
        except DatabaseError as error:
            name = type(error).__name__
            raise StoreError("E-STORE-UPGRADE", file=str(path), store=before, program=target, error=name) from None


def migrate(connection: Connection, target: str, scripts: Path) -> None:
    """Run the migrations up to `target` in the caller's transaction, and nothing else."""
    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _upgrade_inside(connection: Connection, target: str, guards: Sequence[str], scripts: Path) -> None:
    views = _named(connection, "view")
    for view in views:
        connection.execute(text(f'DROP VIEW "{view}"'))
    migrate(connection, target, scripts)
    for definition in views.values():
        connection.exec_driver_sql(definition)
    for trigger in _named(connection, "trigger"):
        connection.execute(text(f'DROP TRIGGER "{trigger}"'))
    for guard in guards:
        connection.exec_driver_sql(guard)


def _named(connection: Connection, type_: str) -> dict[str, str]:
    found = text("SELECT name, sql FROM sqlite_master WHERE type = :type ORDER BY rowid")
    return {row.name: row.sql for row in connection.execute(found, {"type": type_})}


def _keep_copy(path: Path, connect: Callable[[Path], Any], revision: str) -> None:
    """Copy what is committed, its WAL included. An older copy of the same revision gives way: it knew less."""
    copy = path.with_name(f"{path.name}.{revision}.copy")
    draft = copy.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    source, kept = connect(path), connect(draft)
    try:
        source.backup(kept)
        kept.execute("PRAGMA journal_mode = DELETE")  # one file, without a WAL beside it
    finally:
        source.close()
        kept.close()
    draft.chmod(0o600)
    draft.replace(copy)


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revisions(scripts: Path) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config(scripts)).walk_revisions()}
