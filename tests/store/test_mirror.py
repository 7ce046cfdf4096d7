"""The mirror of national statuses, and its published copy."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from connector.core import statuses
from connector.core.model import Kind, RecordKey, SightingName, StatusUpdate
from connector.errors import DataError
from connector.store import mirror, mirrored, outbox, views
from connector.store.tables import MirrorEvent, MirrorStatus, table_of
from tests.store.ledger import ACTOR, AGENCY, START, Ledger, key_of, reading, sighting, status_update

KEY = key_of(1)
RETURNED = "returned_for_correction"


def apply(ledger: Ledger, *updates: StatusUpdate) -> dict[str, int]:
    with ledger.store.write() as tx:
        return mirror.apply(tx, AGENCY, updates, ACTOR)


def shown(ledger: Ledger, key: RecordKey = KEY) -> tuple[int, str]:
    status = table_of(MirrorStatus)
    with ledger.store.read() as connection:
        row = connection.execute(select(status).where(status.c.local_id == key.local_id)).one()
    return (row.sequence, row.status)


def returned(ledger: Ledger) -> list[str]:
    with ledger.store.read() as connection:
        found = views.lines(connection, AGENCY, state=views.RETURNED)
        assert sum(counts.get(views.RETURNED, 0) for counts in views.counts(connection, AGENCY).values()) == len(found)
    return [f"{line.key.local_id} {line.cause}" for line in found]


def delivered(ledger: Ledger, content: str = "A") -> None:
    """KEY is delivered, and received by the nation just now."""
    ledger.record(reading(KEY, content))
    ledger.deliver(at=ledger.clock.now)


def test_a_repeated_event_changes_nothing(ledger: Ledger) -> None:
    update_ = status_update(KEY, 1, "validated")
    assert apply(ledger, update_, update_) == {"new": 1, "repeated": 1, "late": 0, "impossible": 0}
    assert apply(ledger, update_) == {"new": 0, "repeated": 1, "late": 0, "impossible": 0}
    assert len(ledger.told("status.applied")) == 1


def test_an_older_event_is_kept_and_never_shown_over_a_newer_one(ledger: Ledger) -> None:
    assert apply(ledger, status_update(KEY, 5, "settled"), status_update(KEY, 2, "validated"))["late"] == 1
    assert apply(ledger, status_update(KEY, 4, "accepted_for_settlement"))["late"] == 1
    assert shown(ledger) == (5, "settled")
    with ledger.store.read() as connection:
        sequences = connection.execute(select(table_of(MirrorEvent).c.sequence)).scalars().all()
    assert sorted(sequences) == [2, 4, 5]


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 2, 3)])
def test_the_order_of_arrival_does_not_matter(ledger: Ledger, order: tuple[int, ...]) -> None:
    names = {1: "received", 2: "validated", 3: "settled"}
    for sequence in order:
        apply(ledger, status_update(KEY, sequence, names[sequence]))
    assert shown(ledger) == (3, "settled")


def test_events_of_records_that_we_never_sent_are_mirrored(ledger: Ledger) -> None:
    apply(ledger, status_update(key_of(404), 1, "validated"))
    assert shown(ledger, key_of(404)) == (1, "validated")
    assert returned(ledger) == []


def test_an_event_never_settles_a_delivery_but_makes_somebody_look_at_once(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.UNREADABLE))
    with ledger.store.read() as connection:
        assert outbox.unknowns_due(connection, AGENCY, 1, ledger.clock.now, 10) == []
    apply(ledger, status_update(KEY, 1, "received"))
    assert ledger.newest(KEY).state == "unknown"
    with ledger.store.read() as connection:
        assert len(outbox.unknowns_due(connection, AGENCY, 1, ledger.clock.now, 10)) == 1


def test_an_event_does_not_take_a_conflict_from_the_person_it_waits_for(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.OTHER))
    apply(ledger, status_update(KEY, 1, "received"))
    assert ledger.newest(KEY).next_attempt_at is None


@pytest.mark.parametrize("status", [RETURNED, "duplicate_suspected", "something_new"])
def test_a_delivered_record_that_comes_back_is_on_the_list(ledger: Ledger, status: str) -> None:
    delivered(ledger)
    apply(ledger, status_update(KEY, 1, status, ledger.clock.now))
    assert returned(ledger) == [f"demo:1 {status}"]


@pytest.mark.parametrize("status", sorted(statuses.KNOWN - {RETURNED, "duplicate_suspected"}))
def test_the_other_statuses_bring_nothing_back(ledger: Ledger, status: str) -> None:
    delivered(ledger)
    apply(ledger, status_update(KEY, 1, status, ledger.clock.now))
    assert returned(ledger) == []


def test_a_record_that_moved_on_is_off_the_list(ledger: Ledger) -> None:
    delivered(ledger)
    apply(ledger, status_update(KEY, 1, RETURNED, ledger.clock.now))
    apply(ledger, status_update(KEY, 2, "validated", ledger.clock.now))
    assert returned(ledger) == []


def test_what_was_returned_before_the_newest_receipt_is_answered(ledger: Ledger) -> None:
    delivered(ledger)
    apply(ledger, status_update(KEY, 1, RETURNED, ledger.clock.now))
    ledger.clock.forward(3_600)
    delivered(ledger, "B")
    assert returned(ledger) == []
    ledger.clock.forward(60)
    apply(ledger, status_update(KEY, 2, RETURNED, ledger.clock.now))
    assert returned(ledger) == [f"demo:1 {RETURNED}"]


def test_a_person_closes_a_returned_record_for_what_the_nation_has_said_so_far(ledger: Ledger) -> None:
    delivered(ledger)
    apply(ledger, status_update(KEY, 1, RETURNED, ledger.clock.now))
    with ledger.store.write() as tx:
        mirror.close_returned(tx, KEY, ACTOR, "đã trao đổi qua điện thoại")
    assert returned(ledger) == []
    assert "điện thoại" not in str(ledger.told("returned.closed"))
    apply(ledger, status_update(KEY, 2, RETURNED, ledger.clock.now))
    assert returned(ledger) == [f"demo:1 {RETURNED}"]


def test_only_what_the_nation_has_spoken_of_can_be_closed(ledger: Ledger) -> None:
    with pytest.raises(DataError) as raised, ledger.store.write() as tx:
        mirror.close_returned(tx, KEY, ACTOR, "x")
    assert raised.value.id == "E-KEY-NOT-MIRRORED"


# --- changes that cannot be


def test_an_unusual_status_is_found_by_its_index_among_a_million_usual_ones(ledger: Ledger) -> None:
    apply(ledger, *(status_update(key_of(number), 1, RETURNED) for number in range(3)))
    ran: list[tuple[str, Any]] = []
    with ledger.store.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: ran.append((sql, values))
        )
        rows, after = mirrored.page(connection, AGENCY, Kind.PETITION, status=RETURNED, limit=2)
        plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values).all()) for sql, values in [*ran]]
        rest, end = mirrored.page(connection, AGENCY, Kind.PETITION, status=RETURNED, after=after, limit=2)
    assert [row.key for row in [*rows, *rest]] == [key_of(number) for number in range(3)]
    assert end == ""
    assert "ix_mirror_status_unusual" in plans[0]


def odd(ledger: Ledger) -> list[tuple[str, str]]:
    with ledger.store.read() as connection:
        return [(step.before, step.after) for step in mirrored.odd_steps(connection, AGENCY)]


@pytest.mark.parametrize(
    ("before", "after", "wrong"),
    [
        ("closed", "settled", True),
        ("withdrawn", "closed", True),
        ("closed", "received", False),
        ("closed", "withdrawn", False),
        ("closed", "closed", False),
        ("withdrawn", "received", False),
        ("closed", "something_new", False),
        ("validated", "closed", False),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_change_that_cannot_be_is_kept_shown_and_flagged(
    ledger: Ledger, before: str, after: str, *, wrong: bool, late: bool
) -> None:
    first, second = status_update(KEY, 3, before), status_update(KEY, 4, after)
    counts = [apply(ledger, one) for one in ((second, first) if late else (first, second))]
    assert sum(each["impossible"] for each in counts) == wrong
    assert shown(ledger) == (4, after)
    assert odd(ledger) == ([(before, after)] if wrong else [])
    assert sum("impossible" in str(each) for each in ledger.told("status.applied")) == wrong


def test_a_change_is_possible_after_all_once_the_event_between_has_come(ledger: Ledger) -> None:
    apply(ledger, status_update(KEY, 2, "closed"), status_update(KEY, 4, "settled"))
    assert odd(ledger) == []
    apply(ledger, status_update(KEY, 3, "received"))
    assert odd(ledger) == []


# --- mirror.sqlite ---------------------------------------------------------------------------------------------------


CANARY = "chim-hoàng-yến-7731"


@pytest.fixture
def published(ledger: Ledger, tmp_path: Path) -> Path:
    """One delivered record with a status, one pending; every free text holds a canary."""
    ledger.record(reading(KEY, CANARY), reading(key_of(2), CANARY))
    ledger.deliver(KEY)
    apply(ledger, status_update(KEY, 1, RETURNED, START + timedelta(hours=1), note=CANARY))
    with ledger.store.write() as tx:
        mirror.close_returned(tx, KEY, ACTOR, CANARY)
    path = tmp_path / "mirror.sqlite"
    with ledger.store.read() as connection:
        assert mirror.publish(connection, path, "test", "2026-11-22T05:00:00Z") == 2
    return path


def ask(path: Path, question: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    found = connection.execute(question).fetchall()
    connection.close()
    return found


def test_the_published_views_answer_an_auditors_questions(published: Path) -> None:
    assert ask(published, "SELECT * FROM v_record ORDER BY local_id") == [
        (AGENCY, "petition", "demo:1", "delivered", 1, "N-demo:1", "2026-11-22T05:00:00+00:00", RETURNED,
         "2026-11-22T06:00:00+00:00", "H51"),
        (AGENCY, "petition", "demo:2", "pending", 1, None, None, None, None, None),
    ]  # fmt: skip
    assert ask(published, "SELECT * FROM v_count ORDER BY state") == [
        (AGENCY, "petition", "delivered", 1),
        (AGENCY, "petition", "pending", 1),
    ]
    assert ask(published, "SELECT * FROM v_national_count") == [(AGENCY, "petition", RETURNED, 1)]
    assert ask(published, "SELECT * FROM v_about") == [("test", "2026-11-22T05:00:00Z")]


def test_the_published_copy_is_plain_and_holds_no_text_of_anybody(published: Path) -> None:
    content = published.read_bytes()
    assert content.startswith(b"SQLite format 3")
    for word in (CANARY, "hoàng", "body", "note", "reason"):
        assert word.encode() not in content


def test_the_published_copy_is_replaced_whole(ledger: Ledger, published: Path) -> None:
    reader = published.open("rb")
    before = published.read_bytes()
    ledger.record(reading(key_of(3)))
    with ledger.store.read() as connection:
        assert mirror.publish(connection, published, "test", "later") == 3
    assert reader.read() == before  # whoever reads the old one goes on reading it
    reader.close()
    assert ask(published, "SELECT published_at FROM v_about") == [("later",)]
    assert [file.name for file in published.parent.glob(".mirror*")] == []


def test_a_draft_of_a_dead_process_is_no_hindrance(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / f".mirror.sqlite.{os.getpid()}.tmp").write_bytes(b"half of something")
    with ledger.store.read() as connection:
        assert mirror.publish(connection, tmp_path / "mirror.sqlite", "test", "now") == 0
