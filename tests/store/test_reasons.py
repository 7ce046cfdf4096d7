"""People's reasons: told beside the log that commits to them, and gone where nobody may know of a record any more."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from connector.core.model import Actor, Cause, Kind
from connector.store import audit, marks, reasons, requests, setting_aside, stories
from tests.store.ledger import AGENCY, Clock, Ledger, key_of, new_ledger, reading

ONE, TWO = key_of(1), key_of(2)
PERSON = Actor("lan", "cli")


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> Ledger:
    found = new_ledger(tmp_path, clock)
    found.record(reading(ONE), reading(TWO))
    return found


def told(ledger: Ledger, event: str) -> list[tuple[str, str]]:
    """What the log tells of an event's reasons, oldest first: the words, and how they stand to its commitment."""
    with ledger.store.read() as connection:
        entries = {e.seq: orjson.loads(e.content) for e in audit.entries(connection, AGENCY)}
        moments = stories.told(connection, AGENCY, entries, ledger.store.commitment)
    return [(m.reason.text, m.reason.standing) for m in moments if m.event == event and m.reason]


def test_a_reason_is_told_in_its_own_words_after_the_pause_that_it_undid_is_gone(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        marks.pause(tx, AGENCY, ONE.kind, ONE.local_id, PERSON, "chờ xác minh")
    with ledger.store.write() as tx:
        marks.resume(tx, AGENCY, ONE.kind, ONE.local_id, PERSON, "đã xác minh")
    assert told(ledger, "sending.paused") == [("chờ xác minh", "matches")]
    assert told(ledger, "sending.resumed") == [("đã xác minh", "matches")]
    with ledger.store.read() as connection:
        assert "xác minh" not in str([entry.content for entry in audit.entries(connection, AGENCY)])


def test_words_that_somebody_changed_do_not_agree_with_the_log(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        requests.acknowledge(tx, ONE, PERSON, "đã báo đơn vị")
    with ledger.store.write() as tx:
        tx.connection.execute(text("UPDATE reason SET text = 'chưa báo ai'"))
    assert told(ledger, "delivery.acknowledged") == [("chưa báo ai", "differs")]
    with ledger.store.write() as tx:
        tx.connection.execute(text("DELETE FROM reason"))
    assert told(ledger, "delivery.acknowledged") == [("", "absent")]


def test_a_transaction_that_is_rolled_back_keeps_no_words(ledger: Ledger) -> None:
    def pause_and_break_off() -> None:
        with ledger.store.write() as tx:
            marks.pause(tx, AGENCY, "", "", PERSON, "không thành")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pause_and_break_off()
    with ledger.store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM reason")).scalar() == 0


def test_the_words_go_with_a_record_that_becomes_secret_and_those_of_others_stay(ledger: Ledger) -> None:
    with ledger.store.write() as tx:
        marks.pause(tx, AGENCY, ONE.kind, ONE.local_id, PERSON, "đơn của bà Canary")
        marks.pause(tx, AGENCY, TWO.kind, TWO.local_id, PERSON, "chuyện khác")
        requests.ask(tx, AGENCY, [ONE, TWO], PERSON, "hai đơn Canary")
        requests.acknowledge(tx, ONE, PERSON, "Canary đã gọi")
    with ledger.store.write() as tx:
        setting_aside.set_aside(tx, AGENCY, Kind.PETITION, [ONE.local_id], Cause.BECAME_SECRET, 0, PERSON)
    assert told(ledger, "sending.paused") == [("", "erased"), ("chuyện khác", "matches")]
    assert told(ledger, "resync.asked") == [("", "erased")]
    assert told(ledger, "delivery.acknowledged") == [("", "erased")]
    with ledger.store.read() as connection:
        tables = ("reason", "pause", "delivery", "mirror_status", "record")
        held = str([connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables])
    assert "Canary" not in held


def test_what_is_written_about_a_secret_record_afterwards_stays(ledger: Ledger) -> None:
    for _ in range(2):
        with ledger.store.write() as tx:
            setting_aside.set_aside(tx, AGENCY, Kind.PETITION, [ONE.local_id], Cause.BECAME_SECRET, 0, PERSON)
            requests.acknowledge(tx, ONE, PERSON, "đã báo CSDLQG")
    assert told(ledger, "delivery.acknowledged") == [("đã báo CSDLQG", "matches")] * 2


def test_the_newest_reason_of_each_part_is_found(ledger: Ledger) -> None:
    for reason in ("một", "hai"):
        with ledger.store.write() as tx:
            marks.pause(tx, AGENCY, "petition", "", PERSON, reason)
        with ledger.store.write() as tx:
            marks.resume(tx, AGENCY, "petition", "", PERSON, "thôi")
    with ledger.store.read() as connection:
        about = [("petition", ""), ("", "")]
        found = reasons.newest(connection, AGENCY, "sending.paused", about, ledger.store.commitment)
    assert {scope: one.text for scope, one in found.items()} == {("petition", ""): "hai"}
