"""The log: append-only, chained, and betrayed by its head file when the store goes back in time."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text
from sqlalchemy.exc import DatabaseError

from connector.core.chain import Head
from connector.core.model import Event, Kind
from connector.errors import RolledBackError
from connector.store import audit, db
from connector.store.db import Store
from connector.store.tables import AuditEntry, table_of
from tests.store.ledger import ACTOR, AGENCY, EVIDENCE, START, STORE_KEY, Clock, Ledger, key_of, new_ledger, reading

ENTRY = table_of(AuditEntry)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET content = '[]'",
        "UPDATE audit_entry SET at = at",
        "DELETE FROM audit_entry",
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry",
    ],
)
def test_an_entry_is_never_changed_and_never_deleted(ledger: Ledger, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), ledger.store.write() as tx:
        tx.connection.execute(text(statement))


def test_entries_are_linked_in_the_order_in_which_things_happened(ledger: Ledger) -> None:
    ledger.record(reading(key_of(1)), reading(key_of(2)))
    assert [entry["event"] for entry in ledger.told()] == ["agency.bound", "record.recorded", "record.recorded"]
    with ledger.store.read() as connection:
        assert [entry.seq for entry in audit.entries(connection, AGENCY)] == [1, 2, 3]
        assert [entry.seq for entry in audit.entries(connection, AGENCY, after_seq=2)] == [3]
        assert [
            entry.seq for entry in audit.entries(connection, AGENCY, kind=Kind.PETITION, local_id=key_of(2).local_id)
        ] == [3]


def test_every_agency_has_a_chain_of_its_own(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        for number, agency in enumerate(("H51.02", AGENCY, "H51.02")):
            tx.audit(Event("thing.happened", agency, ACTOR, START, facts={"n": number}))
    with ledger.store.read() as connection:
        assert audit.agencies(connection) == [AGENCY, "H51.02"]
        assert audit.head_of(connection, AGENCY).seq == 2
        assert audit.head_of(connection, "H51.02").seq == 2
        assert audit.verify(connection, "H51.02")[1] is None


def test_the_few_entries_about_keys_and_losses_are_found_by_their_index_oldest_first(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        for number, name in enumerate(("audit.key_made", "thing.happened", "audit.key_rotated", "audit.key_made")):
            tx.audit(Event(name, AGENCY, ACTOR, START, facts={"n": number}))
    ran: list[tuple[str, Any]] = []
    with ledger.store.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: ran.append((sql, values))
        )
        assert [facts["n"] for _, _, facts in audit.key_events(connection, AGENCY)] == [0, 2, 3]
        plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {ran[0][0]}", ran[0][1]).all())
    assert "ix_audit_event" in plan


def test_a_long_chain_is_read_in_pages_without_losing_an_entry(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_READ_ROWS", 3)
    ledger.record(*[reading(key_of(number)) for number in range(8)])
    with ledger.store.read() as connection:
        assert [entry.seq for entry in audit.entries(connection, AGENCY)] == list(range(1, 10))
        assert audit.verify(connection, AGENCY)[1] is None


def test_the_log_holds_commitments_and_no_text_of_a_record(ledger: Ledger) -> None:
    canary = "chim-hoàng-yến-7731"
    ledger.record(reading(key_of(1), canary))
    told = json.dumps(ledger.told(), ensure_ascii=False)
    assert canary not in told
    document = reading(key_of(1), canary).document
    assert document is not None
    assert document.digest not in told  # the bare digest of a small document can be found by trying
    assert len(ledger.told("record.recorded")[0]["facts"]["commitment"]) == 64


def without_guards(ledger: Ledger, statement: str) -> None:
    """What somebody with the key and a tool of their own could do."""
    raw = db._connector(ledger.store.path, STORE_KEY, 0.0)()
    raw.execute("DROP TRIGGER audit_entry_is_never_changed")
    raw.execute("DROP TRIGGER audit_entry_is_never_deleted")
    raw.execute(statement)
    raw.close()


@pytest.mark.parametrize(
    ("statement", "seq", "rule"),
    [
        ("UPDATE audit_entry SET content = replace(content, 'petition', 'decision') WHERE seq = 3", 3, "E-AUDIT-HASH"),
        ("DELETE FROM audit_entry WHERE seq = 3", 4, "E-AUDIT-GAP"),
        ("UPDATE audit_entry SET seq = CASE seq WHEN 3 THEN 300 ELSE seq END", 4, "E-AUDIT-GAP"),
    ],
)
def test_tampering_is_found_at_its_entry(tmp_path: Path, clock: Clock, statement: str, seq: int, rule: str) -> None:
    ledger = new_ledger(tmp_path, clock)
    ledger.record(*[reading(key_of(number)) for number in range(4)])
    without_guards(ledger, statement)
    with ledger.store.read() as connection:
        head, fault = audit.verify(connection, AGENCY)
    assert fault is not None
    assert (head.seq, fault.seq, fault.rule) == (2, seq, rule)
    ledger.store.close()


# --- head files ------------------------------------------------------------------------------------------------------


def rolled_back(store: Store, id_: str) -> None:
    """The store is refused, and a write that would hide it leaves nothing."""
    with store.read() as connection, pytest.raises(RolledBackError) as raised:
        store.heads.check(connection, AGENCY)
    assert raised.value.id == id_
    ledger = Ledger(store, Clock())
    before = len(ledger.told())
    with pytest.raises(RolledBackError):
        ledger.record(reading(key_of(77)))
    assert len(ledger.told()) == before


@pytest.fixture
def grown(tmp_path: Path, clock: Clock) -> tuple[Path, Path]:
    """A closed store with six entries, and a backup of when it had four."""
    ledger = new_ledger(tmp_path / "var", clock)
    ledger.record(*[reading(key_of(number)) for number in range(3)])
    ledger.store.close()
    backup = tmp_path / "backup"
    shutil.copytree(tmp_path / "var", backup)
    store = open_at(ledger.store.path)
    Ledger(store, clock).record(reading(key_of(8)), reading(key_of(9)))
    store.close()
    return ledger.store.path, backup / "kntc.db"


def open_at(path: Path) -> Store:
    return Store.open(path, key=STORE_KEY, evidence=EVIDENCE)


def test_a_restored_backup_is_refused(grown: tuple[Path, Path]) -> None:
    path, backup = grown
    shutil.copy(backup, path)
    store = open_at(path)
    rolled_back(store, "E-STORE-ROLLED-BACK")
    store.close()


@pytest.mark.parametrize("more", [2, 5])
def test_a_restored_backup_that_has_grown_again_is_refused(grown: tuple[Path, Path], more: int) -> None:
    """As long as the lost one, or longer: the entry at the head file's place is another."""
    path, backup = grown
    elsewhere = open_at(backup)  # with the head file of its own time, it may grow
    Ledger(elsewhere, Clock()).record(*[reading(key_of(20 + number), "other") for number in range(more)])
    elsewhere.close()
    shutil.copy(backup, path)
    store = open_at(path)
    rolled_back(store, "E-STORE-ROLLED-BACK")
    store.close()


@pytest.mark.parametrize(
    "content", ["", "{", '{"agency": "H51.01"}', '["H51.01", 3]', '{"agency":"x","seq":"q","hash":""}']
)
def test_a_torn_head_file_is_refused(tmp_path: Path, clock: Clock, content: str) -> None:
    ledger = new_ledger(tmp_path, clock)
    ledger.store.heads.path(AGENCY).write_text(content, encoding="ascii")
    rolled_back(ledger.store, "E-STORE-HEAD-UNREADABLE")
    ledger.store.close()


def test_a_lost_head_file_is_refused(tmp_path: Path, clock: Clock) -> None:
    ledger = new_ledger(tmp_path, clock)
    ledger.record(reading(key_of(1)))
    ledger.store.heads.path(AGENCY).unlink()
    rolled_back(ledger.store, "E-STORE-HEAD-MISSING")
    ledger.store.close()


def test_a_crash_between_commit_and_head_file_is_accepted(ledger: Ledger) -> None:
    ledger.record(reading(key_of(1)))
    head_file = ledger.store.heads.path(AGENCY)
    before = head_file.read_bytes()
    ledger.record(reading(key_of(2)), reading(key_of(3)))
    head_file.write_bytes(before)  # as if the process had died before this file was written
    with ledger.store.read() as connection:
        assert ledger.store.heads.check(connection, AGENCY).seq == 4
    ledger.record(reading(key_of(4)))
    assert ledger.store.heads.read(AGENCY) == Head(AGENCY, 5, head_hash(ledger, 5))


def head_hash(ledger: Ledger, seq: int) -> str:
    with ledger.store.read() as connection:
        return str(
            connection.execute(select(ENTRY.c.hash).where(ENTRY.c.agency == AGENCY, ENTRY.c.seq == seq)).scalar()
        )


def test_a_crash_before_the_very_first_head_file_is_accepted(ledger: Ledger) -> None:
    ledger.store.heads.path(AGENCY).unlink()
    with ledger.store.read() as connection:
        assert ledger.store.heads.check(connection, AGENCY).seq == 1
    ledger.record(reading(key_of(1)))


def test_a_half_written_draft_of_a_head_file_does_no_harm(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / f"{AGENCY}.head.4711.tmp").write_text("{", encoding="ascii")
    ledger.record(reading(key_of(1)))
    with ledger.store.read() as connection:
        assert ledger.store.heads.check(connection, AGENCY).seq == 2


def test_a_write_without_entries_moves_no_head(ledger: Ledger) -> None:
    before = ledger.store.heads.read(AGENCY)
    with ledger.store.write() as tx:
        tx.connection.execute(text("SELECT 1"))
    assert ledger.store.heads.read(AGENCY) == before


def test_an_entry_that_does_not_follow_the_chain_is_found_by_whoever_reads_it(tmp_path: Path, clock: Clock) -> None:
    """An entry from outside `append` fits no hash; the guards only refuse changes, the chain refuses lies."""
    ledger = new_ledger(tmp_path, clock)
    with ledger.store.write() as tx:
        row = {
            "agency": AGENCY,
            "seq": 2,
            "prev": "0" * 64,
            "hash": "1" * 64,
            "at": START,
            "event": "x",
            "content": "[]",
        }
        tx.connection.execute(insert(ENTRY).values(row))
    with ledger.store.read() as connection:
        _, fault = audit.verify(connection, AGENCY)
    assert fault is not None
    assert fault.rule == "E-AUDIT-HASH"
    ledger.store.close()
