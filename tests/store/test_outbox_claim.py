"""Claiming: what is due, in which order, and what holds it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, event, select, update

from connector.core.model import Capabilities, Kind, SightingName, VerdictName
from connector.store import asked, marks, outbox
from connector.store.tables import Asked, table_of
from tests.store.ledger import ACTOR, AGENCY, CAREFUL, RECORD, Ledger, answer, key_of, reading, sighting

ONE, TWO, THREE = key_of(1), key_of(2), key_of(3)
CHILD = key_of(1, Kind.HANDLING)

WITHOUT_PETITIONS = replace(CAREFUL, carried=CAREFUL.carried - {Kind.PETITION})


def numbers(
    ledger: Ledger, capabilities: Capabilities = CAREFUL, *, rows: int = 100, body_bytes: int = 10**6
) -> list[str]:
    return [delivery.key.local_id for delivery in ledger.claim(capabilities, rows=rows, body_bytes=body_bytes)]


def test_what_was_recorded_first_is_claimed_first(ledger: Ledger) -> None:
    ledger.record(reading(THREE))
    ledger.record(reading(ONE), reading(TWO))
    assert numbers(ledger, rows=2) == ["demo:3", "demo:1"]
    assert numbers(ledger) == ["demo:2"]
    assert numbers(ledger) == []


def test_who_was_told_to_wait_stands_behind_who_was_not(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    (sent,) = ledger.claim()
    ledger.finish(answer(sent, VerdictName.HOLD))
    ledger.record(reading(TWO))
    ledger.clock.forward(60)
    assert numbers(ledger) == ["demo:2", "demo:1"]


def test_a_claim_carries_what_was_frozen(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    (sent,) = ledger.claim()
    document = reading(ONE).document
    assert document is not None
    assert (sent.body, sent.digest, sent.version, sent.attempt) == (document.body, document.digest, 1, 1)
    row = ledger.newest(ONE)
    assert (row.state, row.lease_owner, row.attempt) == ("sending", "me", 1)
    assert row.lease_until == ledger.clock.now + timedelta(seconds=300)
    assert row.last_sent_at == ledger.clock.now


def test_a_claim_stays_within_its_bytes_but_takes_at_least_one(ledger: Ledger) -> None:
    ledger.record(*[reading(key_of(number), "x" * 1_000) for number in range(4)])
    assert len(numbers(ledger, body_bytes=10)) == 1
    assert len(numbers(ledger, body_bytes=2_500)) == 2


def test_what_is_not_due_yet_waits(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    (sent,) = ledger.claim()
    ledger.finish(answer(sent, VerdictName.RETRY))
    assert numbers(ledger) == []
    ledger.clock.forward(45)  # 30 s, and half of the jitter
    assert numbers(ledger) == ["demo:1"]


def test_another_agencys_records_are_not_claimed(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    with ledger.store.write() as tx:
        claimed = outbox.claim(tx, "H51.02", 1, CAREFUL, owner="me", lease_s=1.0, rows=9, body_bytes=10**6, actor=ACTOR)
    assert claimed == []


# --- parents ---------------------------------------------------------------------------------------------------------


def with_child(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    ledger.record(reading(CHILD, parent=ONE))


def kinds(ledger: Ledger, capabilities: Capabilities = CAREFUL, generation: int = 1) -> list[Kind]:
    return [delivery.key.kind for delivery in ledger.claim(capabilities, generation=generation)]


def test_a_child_waits_for_its_parents_receipt(ledger: Ledger) -> None:
    with_child(ledger)
    (parent,) = ledger.claim()
    assert kinds(ledger) == []
    ledger.finish(answer(parent, VerdictName.DELIVERED))
    assert kinds(ledger) == [Kind.HANDLING]


def test_any_version_of_the_parent_that_was_received_is_enough(ledger: Ledger) -> None:
    with_child(ledger)
    ledger.deliver(ONE)
    ledger.record(reading(ONE, "B"))
    (newer,) = [delivery for delivery in ledger.claim() if delivery.key == ONE]
    ledger.finish(answer(newer, VerdictName.REJECTED))
    ledger.rescue()  # the child was claimed with it
    assert ledger.states(ONE) == ["delivered", "rejected"]
    ledger.record(reading(key_of(2, Kind.HANDLING), parent=ONE))
    assert kinds(ledger) == [Kind.HANDLING]


def test_a_receipt_of_another_generation_is_none(ledger: Ledger) -> None:
    with_child(ledger)
    ledger.deliver(ONE)
    assert kinds(ledger, generation=2) == []
    assert kinds(ledger, generation=1) == [Kind.HANDLING]


def test_a_parent_of_a_kind_that_is_not_carried_is_not_waited_for(ledger: Ledger) -> None:
    with_child(ledger)
    assert kinds(ledger, WITHOUT_PETITIONS) == [Kind.HANDLING]


def test_a_kind_that_is_not_carried_is_not_claimed(ledger: Ledger) -> None:
    ledger.record(reading(ONE))
    assert kinds(ledger, WITHOUT_PETITIONS) == []


# --- pauses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "local_id", "left"),
    [
        ("", "", []),
        ("petition", "", ["reception demo:1"]),
        ("petition", "demo:1", ["petition demo:2", "reception demo:1"]),
        ("", "demo:1", ["petition demo:2"]),
    ],
)
def test_what_a_person_paused_is_not_sent_until_they_resume(
    ledger: Ledger, kind: str, local_id: str, left: list[str]
) -> None:
    ledger.record(reading(ONE), reading(TWO))
    ledger.record(reading(key_of(1, Kind.RECEPTION)))
    with ledger.store.write() as tx:
        assert marks.pause(tx, AGENCY, kind, local_id, ACTOR, "chờ")
    claimed = [f"{one.key.kind} {one.key.local_id}" for one in ledger.claim()]
    assert claimed == left
    with ledger.store.write() as tx:
        assert marks.resume(tx, AGENCY, kind, local_id, ACTOR, "xong")
    assert len(ledger.claim()) == 3 - len(left)


def test_a_paused_key_is_not_looked_for_either(ledger: Ledger) -> None:
    ledger.lose_answer(ONE)
    with ledger.store.write() as tx:
        marks.pause(tx, AGENCY, "", ONE.local_id, ACTOR, "chờ")
    with ledger.store.read() as connection:
        assert outbox.unknowns_due(connection, AGENCY, 1, ledger.clock.now, 10) == []
        assert outbox.next_due(connection, AGENCY, 1, CAREFUL, ledger.clock.now) is None


# --- one version of a key on its way ---------------------------------------------------------------------------------


def test_a_newer_version_waits_while_an_older_one_is_being_sent(ledger: Ledger) -> None:
    ledger.record(reading(ONE, "A"))
    (first,) = ledger.claim()
    ledger.record(reading(ONE, "B"))
    assert numbers(ledger) == []
    ledger.finish(answer(first, VerdictName.DELIVERED))
    assert [delivery.version for delivery in ledger.claim()] == [2]


def test_a_newer_version_waits_until_an_unknown_one_is_found(ledger: Ledger) -> None:
    lost = ledger.lose_answer(ONE, "A")
    ledger.record(reading(ONE, "B"))
    assert numbers(ledger) == []
    ledger.find(sighting(lost, SightingName.SAME))
    assert [delivery.version for delivery in ledger.claim()] == [2]


# --- when next -------------------------------------------------------------------------------------------------------


def due_in(ledger: Ledger, capabilities: Capabilities = CAREFUL) -> float | None:
    with ledger.store.read() as connection:
        due = outbox.next_due(connection, AGENCY, 1, capabilities, ledger.clock.now)
    return None if due is None else (due - ledger.clock.now).total_seconds()


def test_next_due_is_the_earliest_wait(ledger: Ledger) -> None:
    assert due_in(ledger) is None
    ledger.record(reading(ONE))
    assert due_in(ledger) == 0
    (sent,) = ledger.claim()
    assert due_in(ledger) is None
    ledger.finish(answer(sent, VerdictName.RETRY))
    assert due_in(ledger) == 45


def test_nobody_is_woken_for_what_cannot_be_sent_anyway(ledger: Ledger) -> None:
    """Else a daemon would go round and round: due, yet never claimed."""
    lost = ledger.lose_answer(ONE, "A")
    ledger.find(sighting(lost, SightingName.OTHER))  # only a person can move it now
    ledger.record(reading(ONE, "B"))
    assert due_in(ledger) is None
    ledger.record(reading(TWO))
    assert due_in(ledger, WITHOUT_PETITIONS) is None


def test_a_blocked_child_wakes_nobody(ledger: Ledger) -> None:
    with_child(ledger)
    (parent,) = ledger.claim()
    ledger.finish(answer(parent, VerdictName.REJECTED))
    assert due_in(ledger) is None


def test_unknowns_are_looked_for_in_the_order_of_their_time(ledger: Ledger) -> None:
    first, second = ledger.lose_answer(ONE), ledger.lose_answer(TWO)
    ledger.find(sighting(first, SightingName.UNREADABLE))
    with ledger.store.read() as connection:
        assert [d.id for d in outbox.unknowns_due(connection, AGENCY, 1, ledger.clock.now, 10)] == [second.id]
        later = ledger.clock.forward(100)
        assert [d.id for d in outbox.unknowns_due(connection, AGENCY, 1, later, 10)] == [second.id, first.id]
        assert [d.id for d in outbox.unknowns_due(connection, AGENCY, 1, later, 1)] == [second.id]


def test_a_receipt_moves_the_record_forward_and_never_back(ledger: Ledger) -> None:
    ledger.record(reading(ONE, "A"))
    (first,) = ledger.claim()
    with ledger.store.write() as tx:  # a later version was received while this answer was under way
        tx.connection.execute(update(RECORD).values(receipt_generation=1, receipt_version=5, national_id="N-5"))
    ledger.finish(answer(first, VerdictName.DELIVERED))
    row = ledger.row(ONE)
    assert (row.receipt_version, row.national_id) == (5, "N-5")


def plans(ledger: Ledger, share: Sequence[Select[Any]]) -> list[list[str]]:
    """How SQLite would run the statements of a share, each as its steps."""
    ran: list[tuple[str, Any]] = []
    with ledger.store.read() as connection:
        event.listen(
            connection, "before_cursor_execute", lambda _c, _cursor, sql, values, *_: ran.append((sql, values))
        )
        outbox._come(connection, share, outbox._Given(AGENCY, 1, CAREFUL, ledger.clock.now, 4_000), 6)
        return [
            [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            for sql, values in list(ran)
        ]


@pytest.mark.parametrize("lane", ["asked", "first", "repeated"])
def test_each_share_is_found_by_the_index_of_what_is_due(ledger: Ledger, lane: str) -> None:
    """A backlog of one share must not be read, row by row, to find the next of another."""
    share = {"asked": outbox._WANTED_FIRST, "first": outbox._OTHERS_FIRST, "repeated": outbox._REPEATED}[lane]
    plan = plans(ledger, share)[0]
    assert "USING INDEX ix_delivery_due (agency=? AND state=? AND next_attempt_at<?)" in plan[0]
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE" in step]


@pytest.mark.parametrize("share", [outbox._WANTED_FEW, outbox._WANTED_FEW_UNKNOWN], ids=["to send", "to look for"])
def test_the_few_that_people_asked_for_are_found_without_a_walk_through_the_backlog(
    ledger: Ledger, share: Sequence[Select[Any]]
) -> None:
    """With 300,000 records pending and nobody asking for any, a claim took a second, nearly all of it for this."""
    for plan in plans(ledger, share):
        assert "SEARCH delivery USING INTEGER PRIMARY KEY (rowid=?)" in plan[0]


@pytest.mark.parametrize("few", [asked.FEW, -1], ids=["few", "many"])
def test_ten_thousand_of_one_share_keep_nobody_of_another_waiting(
    ledger: Ledger, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a hundred, and claims of six: the figures differ, the places do not."""
    monkeypatch.setattr(asked, "FEW", few)
    ledger.record(*[reading(key_of(n)) for n in range(1, 101)])
    retried = ledger.claim(rows=50)
    ledger.finish(*[answer(one, VerdictName.RETRY) for one in retried])
    ledger.clock.forward(4_000)
    newest = key_of(100)
    assert ledger.ask_again(newest) == "send"
    got = ledger.claim(rows=6)
    assert [one.key for one in got if one.key == newest] == [newest]
    assert sum(one.attempt > 1 for one in got) == 2
    with ledger.store.write() as tx:
        bounded = outbox.claim(
            tx, AGENCY, 1, CAREFUL, owner="me", lease_s=300.0, rows=6, body_bytes=10**6, actor=ACTOR, repeats=1, turn=2
        )
    assert [one.attempt > 1 for one in bounded] == [True, False, False, False, False, False]


def steps_of(ledger: Ledger, share: Sequence[Select[Any]], rows: int) -> int:
    """Return how many steps SQLite's machine takes to find so many deliveries of a share."""
    steps: list[None] = []
    with ledger.store.read() as connection:
        dbapi = connection.connection.dbapi_connection
        assert dbapi is not None
        dbapi.set_progress_handler(lambda: steps.append(None), 1)
        try:
            found = outbox._come(connection, share, outbox._Given(AGENCY, 1, CAREFUL, ledger.clock.now, 4_000), rows)
        finally:
            dbapi.set_progress_handler(None, 0)
    assert len(found) == rows
    return len(steps)


@pytest.mark.parametrize("wanted", [True, False], ids=["not asked for", "asked for"])
def test_what_stands_before_a_share_and_is_of_another_costs_a_claim_next_to_nothing(
    ledger: Ledger, wanted: bool
) -> None:
    """With 100,000 records asked for, finding the one that nobody had asked for took a second of each claim: all that
    may hold back a record was asked of each of them first."""
    ledger.record(*[reading(key_of(n)) for n in range(1, 302)])
    share = outbox._OTHERS_FIRST if wanted else outbox._WANTED_FIRST
    last = 301
    with ledger.store.write() as tx:
        for number in range(1, last) if wanted else [last]:
            asked.note_newest(tx, key_of(number))
    each = steps_of(ledger, share, 1) / last
    print(f"{each:.1f} steps each")  # noqa: T201 - shown when a test fails
    assert each < 20


def asked_for(ledger: Ledger) -> set[int]:
    with ledger.store.read() as connection:
        return set(connection.execute(select(table_of(Asked).c.delivery_id)).scalars())


def test_what_was_asked_for_is_let_go_of_with_its_answer_or_its_successor(
    ledger: Ledger,
) -> None:
    """Every commit of answers looked at all that people had asked for: 0.6 s each, with 100,000 of them."""
    answered, replaced, waiting = (key_of(n) for n in (1, 2, 3))
    ledger.record(*[reading(key, "A") for key in (answered, replaced, waiting)])
    with ledger.store.write() as tx:
        for key in (answered, replaced, waiting):
            asked.note_newest(tx, key)
    kept = ledger.newest(waiting).id
    ran: list[tuple[str, Any]] = []
    (sent,) = ledger.claim(rows=1)
    with ledger.store.write() as tx:
        event.listen(tx.connection, "before_cursor_execute", lambda *args: ran.append((args[2], args[3])))
        asked.forget_settled(tx, [sent.id])
        sql, values = ran[0]
        plan = [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert plan[0] == "SEARCH asked USING INTEGER PRIMARY KEY (rowid=?)"
    assert sent.id in asked_for(ledger)  # it is on its way: nothing is settled yet
    ledger.finish(answer(sent, VerdictName.DELIVERED))
    ledger.record(reading(replaced, "B"))
    assert asked_for(ledger) == {kept}
