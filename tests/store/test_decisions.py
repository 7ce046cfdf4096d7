"""What only a person can settle: kinds that nobody can look for, candidates of a search, and the person's word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.core.lifecycle import Limits
from connector.core.model import (
    Candidate,
    Cause,
    Decision,
    Delivery,
    Kind,
    RecordKey,
    SightingName,
    State,
    Verdict,
    VerdictName,
)
from connector.errors import DataError
from connector.store import decisions, settling, views
from tests.store.ledger import ACTOR, AGENCY, CAREFUL, Ledger, answer, key_of, reading, sighting

KEY = key_of(1)
HANDLING = key_of(2, Kind.HANDLING)
BLIND = replace(CAREFUL, findable=CAREFUL.findable - {Kind.HANDLING}, absent_sightings=2)
"""Nobody can look for a handling, nor repeat one; anything else must be seen absent twice."""

OWN = replace(BLIND, update_idempotent=frozenset({Kind.HANDLING}))

MANY = (Candidate("N-7", "Người Mẫu", "Thôn Một", "012345678901", "Nội dung"), Candidate("N-8"))


def lose(ledger: Ledger, key: RecordKey, content: str = "A", capabilities=BLIND) -> Delivery:  # type: ignore[no-untyped-def]
    ledger.record(reading(key, content))
    (sent,) = [delivery for delivery in ledger.claim(capabilities) if delivery.key == key]
    ledger.finish(answer(sent, VerdictName.UNKNOWN), capabilities=capabilities)
    return sent


def ask(ledger: Ledger, key: RecordKey = KEY) -> Delivery:
    """A look before a create showed candidates: nothing was sent."""
    ledger.record(reading(key))
    (sent,) = [delivery for delivery in ledger.claim(BLIND) if delivery.key == key]
    ledger.finish(replace(answer(sent, VerdictName.ASK), candidates=MANY), capabilities=BLIND)
    return sent


def link(ledger: Ledger, key: RecordKey, to: str, **how: bool) -> State:
    with ledger.store.write() as tx:
        return decisions.link(tx, key, 1, to, ACTOR, "đã xem trang quốc gia", **how)


def create(ledger: Ledger, key: RecordKey) -> State:
    with ledger.store.write() as tx:
        return decisions.create(tx, key, 1, ACTOR, "đã xem trang quốc gia")


# --- kinds that nobody can look for ----------------------------------------------------------------------------------


def test_five_lost_answers_ask_a_person_exactly_five_times_and_nothing_is_sent_again(ledger: Ledger) -> None:
    keys = [key_of(number, Kind.HANDLING) for number in range(5)]
    ledger.record(*[reading(key) for key in keys])
    ledger.finish(*[answer(sent, VerdictName.UNKNOWN) for sent in ledger.claim(BLIND)], capabilities=BLIND)
    for _ in range(10):
        ledger.clock.forward(86_400)
        assert ledger.claim(BLIND) == []
    with ledger.store.read() as connection:
        assert decisions.counts(connection, AGENCY) == {"not_findable": 5}
        waiting = decisions.waiting(connection, AGENCY, 1)
    assert [(one.key, one.attempt, one.cause) for one in waiting] == [(key, 1, "not_findable") for key in keys]
    assert views_of(ledger) == {"unknown": 5}


def views_of(ledger: Ledger) -> dict[str, int]:
    with ledger.store.read() as connection:
        return dict(views.counts(connection, AGENCY)[Kind.HANDLING])


def test_a_crash_asks_the_same_person(ledger: Ledger) -> None:
    ledger.record(reading(HANDLING), reading(key_of(3, Kind.HANDLING)))
    ledger.record(reading(KEY))
    ledger.claim(BLIND)
    assert ledger.rescue(capabilities=BLIND) == 3
    row = ledger.newest(HANDLING)
    assert (row.state, row.cause, row.next_attempt_at, row.crashes) == ("unknown", "not_findable", None, 1)
    assert (ledger.newest(KEY).cause, ledger.newest(KEY).next_attempt_at) == (None, ledger.clock.now)


def test_a_version_that_was_to_be_looked_for_before_the_profile_changed_asks_a_person_too(ledger: Ledger) -> None:
    lost = lose(ledger, HANDLING, capabilities=CAREFUL)
    ledger.find(replace(sighting(lost, SightingName.UNREADABLE), rule="not_findable"), capabilities=BLIND)
    assert ledger.newest(HANDLING).cause == "not_findable"
    (told,) = ledger.told("delivery.not_findable")
    assert "sighting" not in told["facts"]


def test_a_refusal_and_a_hold_are_what_they_are_for_every_kind(ledger: Ledger) -> None:
    ledger.record(reading(HANDLING), reading(key_of(3, Kind.HANDLING)))
    first, second = ledger.claim(BLIND)
    ledger.finish(answer(first, VerdictName.REJECTED), answer(second, VerdictName.HOLD), capabilities=BLIND)
    assert views_of(ledger) == {"rejected": 1, "pending": 1}


def test_an_update_by_our_own_id_is_repeated_without_a_look(ledger: Ledger) -> None:
    ledger.record(reading(HANDLING))
    ledger.deliver()
    lost = lose(ledger, HANDLING, "B", OWN)
    assert lost.refs.own == "N-demo:2"
    assert ledger.newest(HANDLING).cause is None
    ledger.clock.forward(3_600)
    ledger.find(replace(sighting(lost, SightingName.UNREADABLE), rule="not_findable"), capabilities=OWN)
    assert [again.version for again in ledger.claim(OWN)] == [2]
    first = lose(ledger, key_of(9, Kind.HANDLING), capabilities=OWN)
    assert ledger.newest(first.key).cause == "not_findable"  # a create: there is no id to name


@pytest.mark.parametrize(("capabilities", "done"), [(BLIND, "not_findable"), (OWN, "send"), (CAREFUL, "look")])
def test_asking_again_for_what_is_delivered_doubles_nothing(ledger: Ledger, capabilities, done: str) -> None:  # type: ignore[no-untyped-def]
    ledger.record(reading(HANDLING))
    ledger.deliver()
    before = ledger.newest(HANDLING)
    assert ledger.ask_again(HANDLING, capabilities) == done
    assert (ledger.newest(HANDLING) == before) == (done == "not_findable")
    assert len(ledger.claim(BLIND)) == (done == "send")


def test_asking_again_for_what_waits_for_a_person_leaves_it_there(ledger: Ledger) -> None:
    lose(ledger, HANDLING)
    assert ledger.ask_again(HANDLING, BLIND) == "not_findable"
    ledger.record(reading(HANDLING, "B"))
    assert ledger.ask_again(HANDLING, BLIND) == "not_findable"
    assert ledger.states(HANDLING) == ["unknown", "pending"]


# --- absences --------------------------------------------------------------------------------------------------------


def test_an_absence_counts_once_it_was_seen_twice_and_long_enough_after_the_last_byte(ledger: Ledger) -> None:
    lost = lose(ledger, KEY)
    ledger.clock.forward(595)
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=BLIND)
    assert (ledger.newest(KEY).absents, ledger.newest(KEY).state) == (1, "unknown")
    assert ledger.newest(KEY).next_attempt_at == ledger.clock.forward(30)  # two looks, not the same one twice
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=BLIND)
    assert (ledger.newest(KEY).absents, ledger.newest(KEY).state) == (0, "pending")


def test_the_first_absence_after_a_long_time_waits_for_the_second(ledger: Ledger) -> None:
    lost = lose(ledger, KEY)
    ledger.clock.forward(86_400)
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=BLIND)
    row = ledger.newest(KEY)
    assert row.state == "unknown"
    assert row.next_attempt_at > ledger.clock.now


@pytest.mark.parametrize(
    ("between", "counted"), [(SightingName.UNREADABLE, 0), (SightingName.OLDER, 0), (SightingName.HELD, 1)]
)
def test_another_sighting_begins_the_count_anew(ledger: Ledger, between: SightingName, counted: int) -> None:
    lost = lose(ledger, KEY)
    ledger.find(sighting(lost, SightingName.ABSENT), capabilities=BLIND)
    ledger.find(sighting(lost, between), capabilities=BLIND)
    assert ledger.newest(KEY).absents == counted


# --- candidates ------------------------------------------------------------------------------------------------------


def test_candidates_are_kept_while_a_person_is_asked_and_told_to_nobody_else(ledger: Ledger) -> None:
    ask(ledger)
    row = ledger.newest(KEY)
    assert (row.state, row.cause, row.attempt, row.next_attempt_at) == ("unknown", "several", 0, None)
    with ledger.store.read() as connection:
        (waiting,) = decisions.waiting(connection, AGENCY, 1)
    assert waiting.candidates == MANY
    assert waiting.decidable
    assert "Người Mẫu" not in str(ledger.told())
    assert "Người Mẫu" not in repr(answer(ask(ledger, key_of(5)), VerdictName.ASK))
    assert ledger.told("delivery.answered")[0]["facts"]["candidates"] == 2


def test_candidates_of_a_find_are_kept_too_and_go_with_the_state(ledger: Ledger) -> None:
    lost = lose(ledger, KEY)
    ledger.find(replace(sighting(lost, SightingName.SEVERAL), candidates=MANY), capabilities=BLIND)
    assert len(ledger.newest(KEY).candidates) == 2
    assert ledger.ask_again(KEY, BLIND) == "look"
    assert ledger.newest(KEY).candidates is None
    ledger.find(replace(sighting(lost, SightingName.ABSENT), candidates=MANY), capabilities=BLIND)
    ledger.find(sighting(lost, SightingName.UNREADABLE), capabilities=BLIND)
    assert len(ledger.newest(KEY).candidates) == 2  # nothing was seen: nothing is forgotten
    ledger.find(sighting(lost, SightingName.SAME), capabilities=BLIND)
    assert (ledger.newest(KEY).state, ledger.newest(KEY).candidates) == ("delivered", None)


def test_what_a_search_shows_is_bounded(ledger: Ledger) -> None:
    lost = lose(ledger, KEY)
    huge = tuple(Candidate(f"N-{number}", content="x" * 10_000) for number in range(1_000))
    ledger.find(replace(sighting(lost, SightingName.SEVERAL), candidates=huge), capabilities=BLIND)
    kept = ledger.newest(KEY).candidates
    assert len(kept) == settling.MOST_CANDIDATES
    assert {len(one["content"]) for one in kept} == {settling.LONGEST_TEXT}


def test_candidates_of_a_record_that_becomes_secret_are_erased(ledger: Ledger) -> None:
    ask(ledger)
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    waiting, secret = ledger.versions(KEY)
    assert (waiting.state, waiting.candidates, waiting.body) == ("unknown", None, None)
    assert secret.cause == "became_secret"


def test_a_search_that_was_under_way_when_a_record_became_secret_leaves_nothing_behind(ledger: Ledger) -> None:
    lost = lose(ledger, KEY)
    ledger.set_aside(KEY, Cause.BECAME_SECRET)
    ledger.find(replace(sighting(lost, SightingName.SEVERAL), candidates=MANY), capabilities=BLIND)
    assert ledger.versions(KEY)[0].candidates is None


# --- the person's word -----------------------------------------------------------------------------------------------


def test_a_link_delivers_with_a_receipt_that_says_so(ledger: Ledger) -> None:
    ask(ledger)
    assert link(ledger, KEY, "N-7") is State.DELIVERED
    row, record = ledger.newest(KEY), ledger.row(KEY)
    assert (row.state, row.national_id, row.national_status, row.candidates) == ("delivered", "N-7", "linked", None)
    assert (row.decided, row.decided_by, row.decided_reason) == ("link", "tester", "đã xem trang quốc gia")
    assert (record.receipt_version, record.national_id) == (1, "N-7")
    (told,) = ledger.told("delivery.decided")
    assert (told["actor"], told["trigger"], told["facts"]["decision"]) == ("tester", "cli", "link")
    assert (told["facts"]["was"], told["facts"]["national_id"]) == ("several", "N-7")
    assert len(told["facts"]["reason"]) == 64
    assert "trang quốc gia" not in str(told)


def test_after_a_link_the_next_version_is_an_update_of_that_record(ledger: Ledger) -> None:
    ask(ledger)
    ledger.record(reading(KEY, "B"))
    assert ledger.claim(BLIND) == []
    link(ledger, KEY, "N-7")
    (next_,) = ledger.claim(BLIND)
    assert (next_.version, next_.refs.own) == (2, "N-7")


def test_a_link_to_an_id_that_no_candidate_has_must_be_said_to_come_from_elsewhere(ledger: Ledger) -> None:
    ask(ledger)
    assert refusal(link, ledger, KEY, "N-99") == "E-CANDIDATE-UNKNOWN"
    assert link(ledger, KEY, "N-99", not_listed=True) is State.DELIVERED
    assert ledger.told("delivery.decided")[0]["facts"]["listed"] is False


@pytest.mark.parametrize("to", ["", "  ", "N\n7", "N" * 201])
def test_a_link_needs_an_id(ledger: Ledger, to: str) -> None:
    ask(ledger)
    assert refusal(link, ledger, KEY, to) == "E-NATIONAL-ID"


def test_two_petitions_are_not_linked_to_one_national_record(ledger: Ledger) -> None:
    ask(ledger)
    link(ledger, KEY, "N-7")
    ask(ledger, key_of(5))
    assert refusal(link, ledger, key_of(5), "N-7") == "E-CANDIDATE-TAKEN"
    assert link(ledger, key_of(5), "N-8") is State.DELIVERED


def test_handlings_of_one_case_may_be_known_by_the_id_of_the_case(ledger: Ledger) -> None:
    for number in (2, 3):
        key = key_of(number, Kind.HANDLING)
        lose(ledger, key)
        assert refusal(link, ledger, key, "N-1") == "E-CANDIDATE-UNKNOWN"
        assert link(ledger, key, "N-1", not_listed=True) is State.DELIVERED


def test_a_create_sends_and_the_word_is_kept_for_every_look_of_the_key(ledger: Ledger) -> None:
    ask(ledger)
    assert create(ledger, KEY) is State.PENDING
    (again,) = ledger.claim(BLIND)
    assert (again.create_decided, again.attempt) == (True, 1)
    ledger.finish(answer(again, VerdictName.HOLD), capabilities=BLIND)
    ledger.clock.forward(30)
    ledger.record(reading(KEY, "B"))
    (newer,) = ledger.claim(BLIND)
    assert (newer.version, newer.create_decided) == (2, True)
    (other,) = [one for one in [ask(ledger, key_of(5))] if one.key != KEY]
    assert not other.create_decided


def test_a_create_that_was_overtaken_leaves_it_to_the_newer_version(ledger: Ledger) -> None:
    ask(ledger)
    ledger.record(reading(KEY, "B"))
    assert create(ledger, KEY) is State.SUPERSEDED
    (newer,) = ledger.claim(BLIND)
    assert (newer.version, newer.create_decided) == (2, True)


def test_a_person_may_have_a_kind_sent_again_that_nobody_can_look_for_however_often_it_was_tried(
    ledger: Ledger,
) -> None:
    lost = lose(ledger, HANDLING)
    for _ in range(Limits().attempts + 1):
        assert create(ledger, HANDLING) is State.PENDING
        (again,) = ledger.claim(BLIND)
        assert again.id == lost.id
        ledger.finish(answer(again, VerdictName.UNKNOWN), capabilities=BLIND)
        assert ledger.newest(HANDLING).cause == "not_findable"


@pytest.mark.parametrize("seen", [SightingName.OTHER, SightingName.NEWER])
def test_no_word_ends_a_conflict(ledger: Ledger, seen: SightingName) -> None:
    lost = lose(ledger, KEY)
    ledger.find(sighting(lost, seen), capabilities=BLIND)
    before = ledger.newest(KEY)
    assert refusal(link, ledger, KEY, "N-demo:1", not_listed=True) == "E-UNKNOWN-UNSAFE"
    assert refusal(create, ledger, KEY) == "E-UNKNOWN-UNSAFE"
    assert ledger.newest(KEY) == before


@pytest.mark.parametrize("state", ["absent", "pending", "looked for", "delivered"])
def test_a_word_about_what_waits_for_nobody_is_refused(ledger: Ledger, state: str) -> None:
    if state == "looked for":
        lose(ledger, KEY)
    elif state != "absent":
        ledger.record(reading(KEY))
    if state == "delivered":
        ledger.deliver()
    assert refusal(create, ledger, KEY) == "E-UNKNOWN-NOT-WAITING"
    assert refusal(link, ledger, KEY, "N-1", not_listed=True) == "E-UNKNOWN-NOT-WAITING"


def test_a_trial_of_a_decision_writes_nothing(ledger: Ledger) -> None:
    ask(ledger)
    before = ledger.newest(KEY)
    with ledger.store.read() as connection:
        assert decisions.check(connection, KEY, 1, Decision.LINK, to="N-7") is State.DELIVERED
        assert decisions.check(connection, KEY, 1, Decision.CREATE) is State.PENDING
    assert ledger.newest(KEY) == before


def test_a_late_verdict_changes_nothing_that_a_person_has_decided(ledger: Ledger) -> None:
    sent = ask(ledger)
    link(ledger, KEY, "N-7")
    late = replace(answer(sent, VerdictName.REJECTED), verdict=Verdict(VerdictName.REJECTED, "refused"))
    assert ledger.finish(late) == {}
    assert ledger.newest(KEY).state == "delivered"


def refusal(act, *args, **how) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(DataError) as raised:
        act(*args, **how)
    return raised.value.id
