"""Opening: what is refused, what stays untouched, and what a transaction is."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from connector.errors import LockedError, StoreError
from connector.store import db, marks
from connector.store.db import Store
from connector.store.tables import Mark, table_of
from tests.crash.history import PROCESSES
from tests.store.ledger import (
    ACTOR,
    AGENCY,
    EVIDENCE,
    STORE_KEY,
    TARGET,
    Clock,
    Ledger,
    key_of,
    new_ledger,
    reading,
    undone,
)

CANARY = "chim-hoàng-yến-7731"


def open_(path: Path, key: bytes | None = STORE_KEY, *, create: bool = False) -> Store:
    return Store.open(path, key=key, evidence=EVIDENCE, create=create, busy_timeout_s=0.0)


def refused(path: Path, id_: str, key: bytes | None = STORE_KEY, *, create: bool = True) -> None:
    """Opening raises this error and changes no byte of the file."""
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(StoreError) as raised:
        open_(path, key, create=create)
    assert raised.value.id == id_
    assert (path.read_bytes() if path.exists() else None) == before


@pytest.fixture
def closed(tmp_path: Path, clock: Clock) -> Path:
    """The path of a bound store that nobody has open."""
    ledger = new_ledger(tmp_path, clock)
    ledger.record(reading(key_of(1), CANARY))
    ledger.store.close()
    return ledger.store.path


def test_a_store_is_made_only_where_somebody_asked_for_it(tmp_path: Path) -> None:
    refused(tmp_path / "kntc.db", "E-STORE-ABSENT", create=False)
    open_(tmp_path / "new" / "kntc.db", create=True).close()
    open_(tmp_path / "new" / "kntc.db").close()


def test_a_store_is_never_created_where_one_was_known(closed: Path) -> None:
    closed.unlink()
    refused(closed, "E-STORE-GONE")


def test_a_wal_without_its_store_is_not_played_into_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "kntc.db-wal").write_bytes(b"what somebody forgot")
    refused(tmp_path / "kntc.db", "E-STORE-GONE")


def test_a_wrong_key_is_refused(closed: Path) -> None:
    refused(closed, "E-STORE-UNREADABLE", bytes(32))


def test_an_encrypted_store_does_not_open_without_its_key(closed: Path) -> None:
    refused(closed, "E-STORE-UNREADABLE", None)


@pytest.mark.parametrize(("key", "id_"), [(None, "E-STORE-FOREIGN"), (STORE_KEY, "E-STORE-UNREADABLE")])
def test_the_database_of_another_program_is_refused(tmp_path: Path, key: bytes | None, id_: str) -> None:
    path = tmp_path / "kntc.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    other.execute("INSERT INTO alembic_version VALUES ('0001')")
    other.commit()
    other.close()
    refused(path, id_, key)


@pytest.mark.parametrize("content", [b"", b"ghi ch\xc3\xba: not a database at all\n" * 200])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kntc.db"
    path.write_bytes(content)
    refused(path, "E-STORE-UNREADABLE" if content else "E-STORE-EMPTY")


@pytest.mark.parametrize(("revision", "id_"), [("9999", "E-STORE-NEWER"), ("0000", "E-STORE-OLDER")])
def test_a_revision_that_this_program_does_not_know_is_refused(closed: Path, revision: str, id_: str) -> None:
    raw = db._connector(closed, STORE_KEY, 0.0)()
    raw.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    raw.close()
    refused(closed, id_)


def test_a_ledger_of_another_target_is_refused(ledger: Ledger) -> None:
    elsewhere = marks.Target("production", TARGET.profile, TARGET.base_url)
    with ledger.store.read() as connection:
        assert marks.generation_of(connection, AGENCY, TARGET) == 1
        assert marks.generation_of(connection, "H51.02", TARGET) is None
        with pytest.raises(StoreError) as raised:
            marks.generation_of(connection, AGENCY, elsewhere)
    assert raised.value.id == "E-STORE-OTHER-TARGET"


def test_no_file_of_the_store_holds_a_canary_in_clear(tmp_path: Path, clock: Clock) -> None:
    ledger = new_ledger(tmp_path, clock)
    ledger.record(reading(key_of(1), CANARY))
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())  # the WAL is there: the store is open
    assert (tmp_path / "kntc.db-wal").stat().st_size > 0
    ledger.store.close()
    everything += b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert CANARY.encode() not in everything
    assert not everything.startswith(b"SQLite format 3")


def test_a_plain_store_would_show_the_canary(tmp_path: Path, clock: Clock) -> None:
    store = Store.open(tmp_path / "kntc.db", key=None, evidence=EVIDENCE, create=True, clock=clock)
    Ledger(store, clock).record(reading(key_of(1), CANARY))
    store.close()
    assert CANARY.encode() in (tmp_path / "kntc.db").read_bytes()


def test_only_the_owner_may_read_the_file(closed: Path) -> None:
    assert closed.stat().st_mode & 0o077 == 0


def test_only_the_owner_may_enter_a_folder_that_the_store_made(tmp_path: Path, clock: Clock) -> None:
    """It was made with the umask, mostly 0755, and the head files and the published mirror in it are 0644."""
    folder = tmp_path / "var" / "data"
    Store.open(folder / "kntc.sqlite", key=STORE_KEY, evidence=EVIDENCE, create=True, clock=clock).close()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_transaction_that_raises_leaves_nothing_behind(ledger: Ledger) -> None:
    head = ledger.store.heads.read(AGENCY)
    with undone(ledger.store) as tx:
        marks.pause(tx, AGENCY, "", "", ACTOR, "thử")
    with ledger.store.read() as connection:
        assert marks.pauses(connection, AGENCY) == []
    assert ledger.told("sending.paused") == []
    assert ledger.store.heads.read(AGENCY) == head


def test_a_reader_cannot_write(ledger: Ledger) -> None:
    with ledger.store.read() as connection, pytest.raises(OperationalError):
        connection.execute(insert(table_of(Mark)).values(agency=AGENCY, name="x", value="1", at=ledger.clock()))


def test_a_reader_sees_one_moment_while_somebody_writes(ledger: Ledger) -> None:
    found = select(table_of(Mark).c.value)
    with ledger.store.read() as connection:
        assert connection.execute(found).all() == []
        with ledger.store.write() as tx:
            marks.advance(tx, AGENCY, "pull.cursor", "c1")
        assert connection.execute(found).all() == []
    with ledger.store.read() as connection:
        assert connection.execute(found).scalars().all() == ["c1"]


def test_a_store_that_somebody_else_writes_to_says_try_again(closed: Path) -> None:
    first, second = open_(closed), open_(closed)
    with first.write(), pytest.raises(LockedError) as raised, second.write():
        pass
    assert raised.value.id == "E-STORE-BUSY"
    with first.write(), pytest.raises(LockedError):
        open_(closed)
    first.close()
    second.close()
    second.close()


def test_every_commit_waits_for_the_disk(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        assert tx.connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert tx.connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def test_a_sqlite_with_the_wal_reset_race_keeps_the_older_journal() -> None:
    class Dbapi:
        def __init__(self, version: str) -> None:
            self.version = version

        def execute(self, _: str) -> Dbapi:
            return self

        def fetchone(self) -> tuple[str]:
            return (self.version,)

    assert [db._journal_mode(Dbapi(version)) for version in ("3.51.2", "3.51.3", "3.53.4")] == ["DELETE", "WAL", "WAL"]


def test_a_store_in_wal_leaves_it_where_the_sqlite_of_today_has_that_race(tmp_path: Path) -> None:
    """It was made by a newer SQLite, or by a program that did not look: the mode is a property of the file."""
    path = tmp_path / "kntc.db"
    open_(path, None, create=True).close()
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode = WAL")
    wanted = db._journal_mode(raw).lower()
    raw.close()
    store = open_(path, None)
    with store.read() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == wanted
    store.close()


def hold_exclusively(path: Path, held: Event, release: Event) -> None:
    """Do in another process what a backup tool does: take the whole file for itself."""
    connection = db._connector(path, STORE_KEY, 0.0)()
    connection.execute("BEGIN EXCLUSIVE")
    held.set()
    release.wait(30)
    connection.execute("ROLLBACK")
    connection.close()


def test_a_backup_tool_that_holds_the_file_is_waited_for_and_then_told_of(closed: Path) -> None:
    hasty, patient = open_with_timeout(closed, 0.1), open_with_timeout(closed, 30.0)
    held, release = PROCESSES.Event(), PROCESSES.Event()
    tool = PROCESSES.Process(target=hold_exclusively, args=(closed, held, release))
    tool.start()
    assert held.wait(30)
    with pytest.raises(LockedError, match="E-STORE-BUSY"), hasty.write():
        pass
    with hasty.read() as connection:  # who only looks is not kept out
        assert connection.execute(text("SELECT count(*) FROM delivery")).scalar() == 1
    release.set()
    with patient.write() as tx:
        marks.advance(tx, AGENCY, "x", "1")
    hasty.close()
    patient.close()
    tool.join(30)
    assert tool.exitcode == 0


def open_with_timeout(path: Path, seconds: float) -> Store:
    return Store.open(path, key=STORE_KEY, evidence=EVIDENCE, busy_timeout_s=seconds)


def test_a_store_has_one_name_for_life(ledger: Ledger) -> None:
    with ledger.store.read() as connection:
        assert len(db.store_id(connection)) == 16


def test_opening_a_store_of_today_does_not_pay_for_alembic(closed: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from connector.store.db import Store;"
        f"Store.open(Path({str(closed)!r}), key={STORE_KEY!r}, evidence={{}}).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


# --- only looking ----------------------------------------------------------------------------------------------------


def test_who_only_looks_leaves_the_wal_of_a_killed_process_to_the_next_writer(tmp_path: Path, clock: Clock) -> None:
    """A dry run was the last to close the store, so SQLite played the WAL into the main file: bytes had changed."""
    ledger = new_ledger(tmp_path / "alive", clock)
    ledger.record(reading(key_of(1)))
    path = Path(shutil.copytree(ledger.store.path.parent, tmp_path / "killed")) / ledger.store.path.name
    ledger.store.close()
    wal = path.with_name(f"{path.name}-wal")
    before = path.read_bytes(), wal.read_bytes()
    assert before[1]
    looking = Store.open(path, key=STORE_KEY, evidence=EVIDENCE, look=True)
    with looking.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM delivery")).scalar() == 1
    with pytest.raises(OperationalError, match="readonly"), looking.write() as tx:
        tx.connection.execute(text("DELETE FROM delivery"))
    looking.close()
    assert (path.read_bytes(), wal.read_bytes()) == before
    open_(path).close()
    assert path.read_bytes() != before[0]
    assert not wal.exists()
