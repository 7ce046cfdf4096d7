"""The tables of the life cycle: complete, and true to the promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import lifecycle
from connector.core.lifecycle import Absence, Limits, Probable, Recourse, Standing, Step, Wait
from connector.core.model import KINDS, Capabilities, Cause, Decision, Kind, SightingName, State, VerdictName

LIMITS = Limits()
CAREFUL = Recourse()
IDEMPOTENT = Recourse(create_idempotent=True)
OWN = Recourse(own_update=True)
BLIND = Recourse(findable=False)
BLIND_OWN = Recourse(findable=False, own_update=True)
SURE, EARLY, ONCE = Absence(True), Absence(False), Absence(True, seen_enough=False)
FRESH = Standing(attempt=1, crashes=0, newer_exists=False, has_body=True)

recourses = st.builds(Recourse, st.booleans(), st.booleans(), st.booleans())
absences = st.builds(Absence, st.booleans(), st.booleans())
standings = st.builds(Standing, st.integers(0, 20), st.integers(0, 8), st.booleans(), st.booleans())


def test_every_verdict_and_every_sighting_has_its_row() -> None:
    assert set(lifecycle.AFTER_ANSWER) == set(VerdictName)
    assert set(lifecycle.AFTER_FIND) == set(SightingName) == set(lifecycle.BEFORE_SENDING)
    assert set(lifecycle.ON_DECISION) == set(Decision)


@given(st.sampled_from(list(VerdictName)), standings, recourses)
def test_only_a_counted_answer_delivers(verdict: VerdictName, standing: Standing, recourse: Recourse) -> None:
    step = lifecycle.after_answer(verdict, standing, LIMITS, recourse)
    assert (step.state is State.DELIVERED) == (verdict is VerdictName.DELIVERED)


@given(st.sampled_from(list(SightingName)), standings, recourses, absences)
def test_an_unknown_delivery_is_sent_again_only_after_it_was_not_seen_or_where_that_doubles_nothing(
    sighting: SightingName, standing: Standing, recourse: Recourse, absence: Absence
) -> None:
    step = lifecycle.after_find(sighting, standing, LIMITS, recourse, absence)
    if step.state is State.PENDING and not recourse.repeatable:
        assert recourse.findable
        assert absence.settled
        assert sighting is SightingName.OLDER or (sighting is SightingName.ABSENT and absence.seen_enough)


@given(st.sampled_from(list(SightingName)), standings, absences)
def test_a_newer_version_never_overtakes_what_may_still_arrive(
    sighting: SightingName, standing: Standing, absence: Absence
) -> None:
    newer = Standing(standing.attempt, standing.crashes, True, standing.has_body)
    for recourse in (CAREFUL, OWN, BLIND, BLIND_OWN):
        step = lifecycle.after_find(sighting, newer, LIMITS, recourse, absence)
        assert step.state is not State.SUPERSEDED or absence.settled


@given(st.sampled_from([VerdictName.UNKNOWN, VerdictName.CONFLICT]), standings, absences)
def test_what_can_be_neither_found_nor_repeated_gets_one_attempt_and_then_a_person(
    verdict: VerdictName, standing: Standing, absence: Absence
) -> None:
    asked = Step(State.UNKNOWN, Wait.NEVER, Cause.NOT_FINDABLE)
    assert lifecycle.after_answer(verdict, standing, LIMITS, BLIND) == asked
    assert lifecycle.after_crash(BLIND) == asked
    for sighting in set(SightingName) - {SightingName.HELD}:
        assert lifecycle.after_find(sighting, standing, LIMITS, BLIND, absence) == asked
    assert lifecycle.on_resync(State.DELIVERED, standing, BLIND) is None
    assert lifecycle.on_resync(State.UNKNOWN, standing, BLIND) is None


def test_what_cannot_be_found_but_may_be_repeated_is_repeated_later_until_its_attempts_are_used_up() -> None:
    lost = lifecycle.after_answer(VerdictName.UNKNOWN, FRESH, LIMITS, BLIND_OWN)
    assert (lost.state, lost.wait, lost.cause) == (State.UNKNOWN, Wait.BACKOFF, None)
    assert lifecycle.after_crash(BLIND_OWN) == lifecycle.AFTER_CRASH
    again = lifecycle.after_find(SightingName.UNREADABLE, FRESH, LIMITS, BLIND_OWN, EARLY)
    assert again == Step(State.PENDING, Wait.NOW)
    spent = Standing(LIMITS.attempts, 0, newer_exists=False, has_body=True)
    last = lifecycle.after_find(SightingName.UNREADABLE, spent, LIMITS, BLIND_OWN, SURE)
    assert (last.state, last.cause) == (State.UNKNOWN, Cause.NOT_FINDABLE)
    assert lifecycle.on_resync(State.DELIVERED, FRESH, BLIND_OWN) == Step(State.PENDING, Wait.NOW)


def test_an_update_by_our_own_national_id_goes_again_on_older_without_waiting() -> None:
    assert lifecycle.after_find(SightingName.OLDER, FRESH, LIMITS, OWN, EARLY) == Step(State.PENDING, Wait.NOW)
    assert lifecycle.after_find(SightingName.OLDER, FRESH, LIMITS, CAREFUL, EARLY).state is State.UNKNOWN


def test_an_absence_is_believed_only_when_seen_often_enough() -> None:
    assert lifecycle.after_find(SightingName.ABSENT, FRESH, LIMITS, CAREFUL, ONCE) == Step(State.UNKNOWN, Wait.BACKOFF)
    assert lifecycle.after_find(SightingName.ABSENT, FRESH, LIMITS, CAREFUL, SURE) == Step(State.PENDING, Wait.NOW)


def test_whose_update_may_be_repeated_depends_on_the_kind_and_on_our_knowing_the_id() -> None:
    kinds = frozenset(KINDS)
    able = Capabilities(kinds, frozenset(), frozenset(), False, update_idempotent=frozenset({Kind.DECISION}))
    assert lifecycle.recourse_of(Kind.DECISION, "N-1", able) == BLIND_OWN
    assert lifecycle.recourse_of(Kind.DECISION, "", able) == BLIND
    assert lifecycle.recourse_of(Kind.HANDLING, "N-1", able) == BLIND


# --- a look before sending, and a person's word ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sighting", "probable", "policy", "decided", "verdict"),
    [
        (SightingName.ABSENT, 0, Probable.ASK, False, None),
        (SightingName.ABSENT, 1, Probable.ASK, False, VerdictName.ASK),
        (SightingName.ABSENT, 1, Probable.CREATE, False, None),
        (SightingName.ABSENT, 1, Probable.LINK, False, VerdictName.DELIVERED),
        (SightingName.ABSENT, 2, Probable.LINK, False, VerdictName.ASK),
        (SightingName.ABSENT, 2, Probable.ASK, True, None),
        (SightingName.ABSENT, 1, Probable.LINK, True, None),
        (SightingName.SEVERAL, 2, Probable.CREATE, False, VerdictName.ASK),
        (SightingName.SEVERAL, 2, Probable.ASK, True, None),
        (SightingName.SAME, 0, Probable.ASK, True, VerdictName.DELIVERED),
        (SightingName.OLDER, 0, Probable.ASK, False, None),
        (SightingName.OTHER, 0, Probable.ASK, True, VerdictName.CONFLICT),
        (SightingName.UNREADABLE, 0, Probable.CREATE, True, VerdictName.RETRY),
        (SightingName.HELD, 0, Probable.CREATE, True, VerdictName.HOLD),
    ],
)
def test_a_look_before_sending_says_whether_to_send(
    sighting: SightingName, probable: int, policy: Probable, decided: bool, verdict: VerdictName | None
) -> None:
    assert lifecycle.before_sending(sighting, probable, policy, decided=decided) is verdict


@given(standings)
def test_a_person_decides_only_where_a_word_can_end_the_wait(standing: Standing) -> None:
    for cause in Cause:
        link = lifecycle.on_decision(Decision.LINK, cause, standing)
        create = lifecycle.on_decision(Decision.CREATE, cause, standing)
        if cause not in (Cause.SEVERAL, Cause.NOT_FINDABLE):
            assert link is create is None
            continue
        assert link == Step(State.DELIVERED)
        assert create is not None
        sent = not standing.newer_exists and standing.has_body
        assert (create.state is State.PENDING) == sent  # whatever was tried before


@given(st.sampled_from([*VerdictName, *SightingName]), standings)
def test_nothing_goes_back_to_pending_past_a_newer_version(
    name: VerdictName | SightingName, standing: Standing
) -> None:
    newer = Standing(standing.attempt, standing.crashes, True, standing.has_body)
    if isinstance(name, VerdictName):
        step = lifecycle.after_answer(name, newer, LIMITS, IDEMPOTENT)
    else:
        step = lifecycle.after_find(name, newer, LIMITS, IDEMPOTENT, SURE)
    assert step.state is not State.PENDING


def test_a_hold_costs_no_attempt() -> None:
    spent = Standing(attempt=LIMITS.attempts + 5, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_answer(VerdictName.HOLD, spent, LIMITS, CAREFUL)
    assert (step.state, step.attempt_back, step.wait) == (State.PENDING, True, Wait.CHANNEL)


def test_retries_end_in_a_named_quarantine() -> None:
    spent = Standing(attempt=LIMITS.attempts, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_answer(VerdictName.RETRY, spent, LIMITS, CAREFUL)
    assert (step.state, step.cause) == (State.QUARANTINED, Cause.EXHAUSTED)


def test_exhausted_unknowns_stay_unknown() -> None:
    spent = Standing(attempt=LIMITS.attempts, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_find(SightingName.UNREADABLE, spent, LIMITS, CAREFUL, SURE)
    assert step.state is State.UNKNOWN


def test_an_early_absence_is_not_believed_where_creates_double() -> None:
    step = lifecycle.after_find(SightingName.ABSENT, FRESH, LIMITS, CAREFUL, EARLY)
    assert (step.state, step.wait) == (State.UNKNOWN, Wait.SETTLED)


def test_a_version_whose_text_was_erased_is_never_sent_again() -> None:
    erased = Standing(attempt=1, crashes=0, newer_exists=False, has_body=False)
    step = lifecycle.after_find(SightingName.ABSENT, erased, LIMITS, IDEMPOTENT, SURE)
    assert (step.state, step.cause) == (State.NOT_SENT, Cause.BECAME_SECRET)


@pytest.mark.parametrize(("times", "low", "high"), [(1, 30, 60), (2, 60, 90), (3, 120, 150), (60, 3600, 3630)])
def test_the_delay_doubles_to_a_cap_and_jitters_outside_it(times: int, low: float, high: float) -> None:
    assert lifecycle.delay_s(times, 0.0, LIMITS) == low
    assert low <= lifecycle.delay_s(times, 0.999, LIMITS) < high
