"""Writing down what became of a delivery: answers, sightings, crashes, and people who ask again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, update

from connector.core.lifecycle import Limits
from connector.core.model import Cause, Delivery, Kind, SightingName, State, VerdictName
from tests.store.ledger import (
    CAREFUL,
    DELIVERY,
    IDEMPOTENT,
    LIMITS,
    START,
    Ledger,
    answer,
    bad_reading,
    key_of,
    reading,
    sighting,
)

KEY = key_of(1)


def sent(ledger: Ledger, content: str = "A") -> Delivery:
    ledger.record(reading(KEY, content))
    (delivery,) = ledger.claim()
    return delivery


def test_a_group_takes_as_many_statements_as_one_record(ledger: Ledger) -> None:
    """Each record had five statements made for itself, which took three quarters of what it cost on its way."""
    ran: list[str] = []
    event.listen(ledger.store._writer, "before_cursor_execute", lambda _c, _cursor, sql, *_: ran.append(sql))

    def statements(first: int, count: int) -> int:
        ran.clear()
        ledger.record(*(reading(key_of(first + number)) for number in range(count)))
        ledger.deliver()
        return len(ran)

    alone, among_others = statements(1, 1), statements(10, 60)
    assert among_others == alone
    assert ledger.row(key_of(69)).national_id == "N-demo:69"


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "state", "attempt", "wait_s"),
    [
        (VerdictName.DELIVERED, State.DELIVERED, 1, None),
        (VerdictName.HOLD, State.PENDING, 0, 30),
        (VerdictName.RETRY, State.PENDING, 1, 45),
        (VerdictName.REJECTED, State.REJECTED, 1, None),
        (VerdictName.UNKNOWN, State.UNKNOWN, 1, 0),
        (VerdictName.CONFLICT, State.UNKNOWN, 1, 0),
        (VerdictName.ASK, State.UNKNOWN, 0, None),
    ],
)
def test_every_verdict_leads_to_its_state(
    ledger: Ledger, verdict: VerdictName, state: State, attempt: int, wait_s: float | None
) -> None:
    assert ledger.finish(answer(sent(ledger), verdict)) == {state: 1}
    row = ledger.newest(KEY)
    due = None if wait_s is None else ledger.clock.now + timedelta(seconds=wait_s)
    assert (row.state, row.attempt, row.next_attempt_at) == (state, attempt, due)
    assert (row.lease_owner, row.lease_until, row.rule, row.http_status) == (None, None, f"rule-{verdict}", 200)
    (told,) = ledger.told("delivery.answered")
    facts = told["facts"]
    assert (facts["from"], facts["state"], facts["verdict"], facts["elapsed_ms"]) == ("sending", state, verdict, 250)


def test_a_hold_without_any_answer_says_nothing_of_the_record(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.HOLD, http_status=None))
    assert ledger.newest(KEY).next_attempt_at == ledger.clock.now


def test_every_verdict_has_its_line_above() -> None:
    assert len(VerdictName) == 7


def test_what_is_delivered_has_its_receipt(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.DELIVERED, START + timedelta(seconds=9)))
    row, record = ledger.newest(KEY), ledger.row(KEY)
    assert (row.national_id, row.national_status, row.receipt_at) == ("N-demo:1", "received", ledger.clock.now)
    assert row.received_at == START + timedelta(seconds=9)
    assert (record.receipt_generation, record.receipt_version, record.national_id) == (1, 1, "N-demo:1")
    assert record.received_at == START + timedelta(seconds=9)


def test_a_refusal_keeps_the_nations_reasons(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.REJECTED))
    assert ledger.newest(KEY).problems == [{"pointer": "/received_on", "rule": "N-17", "text": "sai ngày"}]
    assert "sai ngày" not in str(ledger.told())  # the nation's free text is not for the log


def test_an_answer_that_comes_after_the_lease_was_lost_changes_nothing(ledger: Ledger) -> None:
    delivery = sent(ledger)
    ledger.clock.forward(301)
    ledger.rescue("another")
    before = ledger.newest(KEY)
    assert ledger.finish(answer(delivery, VerdictName.REJECTED)) == {}
    assert ledger.newest(KEY) == before
    (late,) = ledger.told("delivery.late")
    assert late["facts"]["verdict"] == "rejected"


def test_a_hold_can_come_any_number_of_times(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    for _ in range(LIMITS.attempts + 2):
        (delivery,) = ledger.claim()
        assert delivery.attempt == 1
        ledger.finish(answer(delivery, VerdictName.HOLD))
        ledger.clock.forward(30)
    assert ledger.newest(KEY).state == "pending"


def test_after_its_last_attempt_a_delivery_is_quarantined(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    waits = []
    for _ in range(LIMITS.attempts):
        (delivery,) = ledger.claim()
        ledger.finish(answer(delivery, VerdictName.RETRY))
        due = ledger.newest(KEY).next_attempt_at
        waits.append((due - ledger.clock.now).total_seconds() if due else None)
        ledger.clock.forward(3_600)
    row = ledger.newest(KEY)
    assert (row.state, row.cause) == ("quarantined", "exhausted")
    assert waits == [45, 75, None]


def test_a_version_that_was_overtaken_does_not_go_back_to_pending(ledger: Ledger) -> None:
    delivery = sent(ledger, "A")
    ledger.record(reading(KEY, "B"))
    ledger.finish(answer(delivery, VerdictName.RETRY))
    assert ledger.states(KEY) == ["superseded", "pending"]


def test_many_answers_share_one_commit(ledger: Ledger) -> None:
    ledger.record(*[reading(key_of(number)) for number in range(600)])
    outcomes = [answer(delivery, VerdictName.DELIVERED) for delivery in ledger.claim(rows=600)]
    assert ledger.finish(*outcomes) == {State.DELIVERED: 600}


# --- sightings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "state", "cause", "wait_s", "finds"),
    [
        (SightingName.SAME, "delivered", None, None, 1),
        (SightingName.ABSENT, "unknown", None, 600, 1),  # not yet to be believed
        (SightingName.OLDER, "unknown", None, 600, 1),
        (SightingName.NEWER, "unknown", "national_ahead", None, 1),
        (SightingName.OTHER, "unknown", "conflict", None, 1),
        (SightingName.SEVERAL, "unknown", "several", None, 1),
        (SightingName.UNREADABLE, "unknown", None, 45, 1),
        (SightingName.HELD, "unknown", None, 30, 0),
    ],
)
def test_every_sighting_leads_to_its_state(
    ledger: Ledger, seen: SightingName, state: str, cause: str | None, wait_s: float | None, finds: int
) -> None:
    lost = ledger.lose_answer(KEY)
    assert ledger.find(sighting(lost, seen)) == {State(state): 1}
    row = ledger.newest(KEY)
    due = None if wait_s is None else ledger.clock.now + timedelta(seconds=wait_s)
    assert (row.state, row.cause, row.next_attempt_at, row.finds) == (state, cause, due, finds)
    told = ledger.told("delivery.looked_for")
    assert [entry["facts"]["sighting"] for entry in told] == ([] if seen is SightingName.HELD else [seen])


def test_every_sighting_has_its_line_above() -> None:
    assert len(SightingName) == 8


def test_what_is_found_has_its_receipt(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.SAME))
    assert ledger.newest(KEY).national_id == "N-demo:1"
    assert ledger.row(KEY).receipt_version == 1


@pytest.mark.parametrize("seen", [SightingName.ABSENT, SightingName.OLDER])
def test_an_absence_is_believed_only_when_the_last_byte_is_old_enough(ledger: Ledger, seen: SightingName) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.clock.forward(599)
    ledger.find(sighting(lost, seen))
    assert ledger.newest(KEY).state == "unknown"
    ledger.clock.forward(1)
    assert ledger.newest(KEY).next_attempt_at == ledger.clock.now
    ledger.find(sighting(lost, seen))
    row = ledger.newest(KEY)
    assert (row.state, row.next_attempt_at) == ("pending", ledger.clock.now)


def test_where_a_create_may_be_repeated_nobody_waits_for_an_absence_to_settle(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=IDEMPOTENT)
    assert ledger.newest(KEY).state == "pending"


def test_where_a_create_may_be_repeated_an_unreadable_find_sends_again_later(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.UNREADABLE), capabilities=IDEMPOTENT)
    row = ledger.newest(KEY)
    assert (row.state, row.next_attempt_at) == ("pending", ledger.clock.now + timedelta(seconds=45))


def test_a_version_that_is_lost_again_and_again_is_sent_less_and_less_often(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=IDEMPOTENT)
    (again,) = ledger.claim()
    ledger.finish(answer(again, VerdictName.UNKNOWN))
    ledger.find(sighting(again, SightingName.ABSENT), capabilities=IDEMPOTENT)
    assert ledger.newest(KEY).next_attempt_at > ledger.clock.now


def test_a_version_that_can_be_neither_read_nor_sent_any_more_stays_unknown(ledger: Ledger) -> None:
    """Out of attempts, but only a sighting says what became of it: quarantined would mean that nothing is there."""
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.UNREADABLE), capabilities=IDEMPOTENT, limits=Limits(attempts=1))
    row = ledger.newest(KEY)
    assert (row.state, row.next_attempt_at) == ("unknown", ledger.clock.now + timedelta(seconds=45))


def test_finds_back_off_by_themselves_and_never_give_up(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    waits = []
    for _ in range(9):
        ledger.find(sighting(lost, SightingName.HELD))  # no try, so it does not lengthen the wait
        ledger.find(sighting(lost, SightingName.UNREADABLE))
        due = ledger.newest(KEY).next_attempt_at
        waits.append((due - ledger.clock.now).total_seconds())
    assert waits == [45, 75, 135, 255, 495, 975, 1935, 3615, 3615]
    assert ledger.newest(KEY).state == "unknown"


@pytest.mark.parametrize("seen", [SightingName.ABSENT, SightingName.OLDER])
def test_a_lost_version_that_is_not_there_gives_way_to_a_newer_one(ledger: Ledger, seen: SightingName) -> None:
    lost = ledger.lose_answer(KEY, "A")
    ledger.record(reading(KEY, "B"))
    ledger.clock.forward(600)
    ledger.find(sighting(lost, seen))
    assert ledger.states(KEY) == ["superseded", "pending"]


def test_an_absent_settles_from_the_end_of_the_attempt_and_not_from_its_claim(ledger: Ledger) -> None:
    """Of a batch that took minutes, the last was believed absent at once and sent a second time, while the bytes of the
    first were still on their way: one record, two national effects."""
    delivery = sent(ledger)
    ledger.clock.forward(500)
    ledger.finish(answer(delivery, VerdictName.UNKNOWN))
    ledger.clock.forward(500)
    assert ledger.find(sighting(delivery, SightingName.ABSENT)) == {State.UNKNOWN: 1}
    ledger.clock.forward(100)
    assert ledger.find(sighting(delivery, SightingName.ABSENT)) == {State.PENDING: 1}


def test_an_absent_settles_from_the_rescue_and_from_an_answer_that_came_after_it(ledger: Ledger) -> None:
    delivery = sent(ledger)
    ledger.clock.forward(500)
    ledger.rescue("me")
    ledger.clock.forward(500)
    ledger.finish(answer(delivery, VerdictName.UNKNOWN))  # its sender was alive after all, and wrote until now
    assert ledger.find(sighting(delivery, SightingName.ABSENT)) == {State.UNKNOWN: 1}
    ledger.clock.forward(599)
    assert ledger.find(sighting(delivery, SightingName.ABSENT)) == {State.UNKNOWN: 1}


def test_a_sighting_of_what_is_settled_already_changes_nothing(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY)
    ledger.find(sighting(lost, SightingName.SAME))
    before = ledger.newest(KEY)
    assert ledger.find(sighting(lost, SightingName.OTHER)) == {}
    assert ledger.newest(KEY) == before


# --- after a crash ---------------------------------------------------------------------------------------------------


def test_a_start_rescues_its_own_claims(ledger: Ledger) -> None:
    sent(ledger)
    assert ledger.rescue("me") == 1
    row = ledger.newest(KEY)
    assert (row.state, row.crashes, row.next_attempt_at) == ("unknown", 1, ledger.clock.now)
    assert ledger.rescue("me") == 0


def test_a_start_leaves_the_claims_of_others_alone_until_they_expire(ledger: Ledger) -> None:
    sent(ledger)
    assert ledger.rescue("another") == 0
    assert ledger.newest(KEY).state == "sending"
    ledger.clock.forward(301)
    assert ledger.rescue("another") == 1


def test_a_record_that_crashes_its_sender_is_quarantined(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    for _ in range(LIMITS.crashes):
        ledger.clock.forward(3_600)
        (delivery,) = ledger.claim()
        ledger.rescue()
        ledger.find(sighting(delivery, SightingName.OLDER), capabilities=IDEMPOTENT)
    row = ledger.newest(KEY)
    assert (row.state, row.cause) == ("quarantined", "crash")


def test_what_a_run_left_that_ended_in_order_is_looked_for_and_not_suspected(ledger: Ledger) -> None:
    ledger.record(reading(KEY))
    for _ in range(LIMITS.crashes):
        ledger.clock.forward(3_600)
        (delivery,) = ledger.claim()
        assert ledger.rescue(died=False) == 1
        assert ledger.newest(KEY).state == "unknown"
        ledger.find(sighting(delivery, SightingName.OLDER), capabilities=IDEMPOTENT, limits=Limits())
    row = ledger.newest(KEY)
    assert (row.state, row.crashes) == ("pending", 0)


# --- asking again ----------------------------------------------------------------------------------------------------


def bring_to(ledger: Ledger, state: str) -> None:
    """Let the newest version of KEY come to this state by the way it would."""
    if state == "mapping":
        ledger.record(bad_reading(KEY))
        return
    ledger.record(reading(KEY), carried=[Kind.DECISION] if state == "not_carried" else list(Kind))
    if state in {"pending", "not_carried"}:
        return
    if state == "excluded":
        ledger.set_aside(KEY, Cause.EXCLUDED)
        return
    (delivery,) = ledger.claim()
    if state == "exhausted":
        ledger.finish(answer(delivery, VerdictName.RETRY), limits=Limits(attempts=1))
    elif state == "conflict":
        ledger.finish(answer(delivery, VerdictName.CONFLICT))
        ledger.find(sighting(delivery, SightingName.OTHER))
    elif state != "sending":
        ledger.finish(answer(delivery, VerdictName(state)))


@pytest.mark.parametrize(
    ("before", "done", "after"),
    [
        ("pending", "send", "pending"),
        ("sending", "in_flight", "sending"),
        ("delivered", "look", "unknown"),
        ("rejected", "send", "pending"),
        ("unknown", "look", "unknown"),
        ("conflict", "look", "unknown"),
        ("exhausted", "send", "pending"),
        ("mapping", "nothing", "quarantined"),
        ("excluded", "nothing", "not_sent"),
        ("not_carried", "nothing", "not_sent"),
    ],
)
def test_asking_again_does_what_the_state_allows(ledger: Ledger, before: str, done: str, after: str) -> None:
    bring_to(ledger, before)
    assert ledger.ask_again(KEY) == done
    row = ledger.newest(KEY)
    assert row.state == after
    if done in {"send", "look"}:
        assert (row.attempt, row.crashes, row.finds, row.cause) == (0, 0, 0, None)
        assert row.next_attempt_at == ledger.clock.now
        (told,) = ledger.told("delivery.asked_again")
        assert "người dùng" not in str(told)


def test_asking_for_a_key_that_nobody_knows_does_nothing(ledger: Ledger) -> None:
    assert ledger.ask_again(KEY) == "nothing"


def test_asking_again_waits_while_an_older_version_is_on_its_way(ledger: Ledger) -> None:
    ledger.lose_answer(KEY, "A")
    ledger.record(reading(KEY, "B"))
    assert ledger.ask_again(KEY) == "in_flight"
    assert ledger.states(KEY) == ["unknown", "pending"]


def test_asking_again_moves_an_older_version_that_waits_for_a_person(ledger: Ledger) -> None:
    lost = ledger.lose_answer(KEY, "A")
    ledger.find(sighting(lost, SightingName.OTHER))
    ledger.record(reading(KEY, "B"))
    assert ledger.ask_again(KEY) == "look"
    older, newer = ledger.versions(KEY)
    assert (older.state, older.cause, older.next_attempt_at) == ("unknown", None, ledger.clock.now)
    assert newer.state == "pending"
    assert ledger.told("delivery.asked_again")[0]["version"] == 1


def test_what_is_delivered_and_asked_for_again_is_sent_only_if_it_is_not_there(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.DELIVERED))
    ledger.ask_again(KEY)
    assert ledger.claim() == []
    ledger.clock.forward(600)
    (row,) = ledger.versions(KEY)
    ledger.find(sighting(as_delivery(row), SightingName.ABSENT), capabilities=CAREFUL)
    assert [delivery.version for delivery in ledger.claim()] == [1]


def as_delivery(row: object) -> Delivery:
    return Delivery(row.id, KEY, row.operation, row.version, row.body, row.digest, row.attempt)  # type: ignore[attr-defined]


def test_acknowledgements_end_when_somebody_asks_again(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.REJECTED))
    with ledger.store.write() as tx:
        tx.connection.execute(update(DELIVERY).values(acknowledged_by="a", acknowledged_reason="b"))
    ledger.ask_again(KEY)
    assert ledger.newest(KEY).acknowledged_by is None


def test_a_version_whose_text_is_gone_is_not_sent_and_comes_back_with_the_next_reading(ledger: Ledger) -> None:
    ledger.finish(answer(sent(ledger), VerdictName.DELIVERED))
    ledger.ask_again(KEY)
    with ledger.store.write() as tx:
        tx.connection.execute(update(DELIVERY).values(body=None))
    (row,) = ledger.versions(KEY)
    ledger.find(sighting(as_delivery(row), SightingName.ABSENT), capabilities=IDEMPOTENT)
    assert ledger.newest(KEY).state == "not_sent"
    ledger.record(reading(KEY))
    assert ledger.states(KEY) == ["superseded", "pending"]
