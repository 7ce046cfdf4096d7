"""The tables of the life cycle: complete, and true to the promises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import lifecycle
from connector.core.lifecycle import Limits, Standing, Wait
from connector.core.model import Cause, SightingName, State, VerdictName

LIMITS = Limits()
FRESH = Standing(attempt=1, crashes=0, newer_exists=False, has_body=True)

standings = st.builds(Standing, st.integers(0, 20), st.integers(0, 8), st.booleans(), st.booleans())


def test_every_verdict_and_every_sighting_has_its_row() -> None:
    assert set(lifecycle.AFTER_ANSWER) == set(VerdictName)
    assert set(lifecycle.AFTER_FIND) == set(SightingName)


@given(st.sampled_from(list(VerdictName)), standings)
def test_only_a_counted_answer_delivers(verdict: VerdictName, standing: Standing) -> None:
    step = lifecycle.after_answer(verdict, standing, LIMITS)
    assert (step.state is State.DELIVERED) == (verdict is VerdictName.DELIVERED)


@given(st.sampled_from(list(SightingName)), standings, st.booleans(), st.booleans())
def test_an_unknown_delivery_is_sent_again_only_after_it_was_not_seen(
    sighting: SightingName, standing: Standing, idempotent: bool, settled: bool
) -> None:
    step = lifecycle.after_find(sighting, standing, LIMITS, create_idempotent=idempotent, settled=settled)
    if step.state is State.PENDING:
        absent = sighting is SightingName.ABSENT and (settled or idempotent)
        assert absent or sighting is SightingName.OLDER or (idempotent and sighting is SightingName.UNREADABLE)


@given(st.sampled_from([*VerdictName, *SightingName]), standings)
def test_nothing_goes_back_to_pending_past_a_newer_version(
    name: VerdictName | SightingName, standing: Standing
) -> None:
    newer = Standing(standing.attempt, standing.crashes, True, standing.has_body)
    if isinstance(name, VerdictName):
        step = lifecycle.after_answer(name, newer, LIMITS)
    else:
        step = lifecycle.after_find(name, newer, LIMITS, create_idempotent=True, settled=True)
    assert step.state is not State.PENDING


def test_a_hold_costs_no_attempt() -> None:
    spent = Standing(attempt=LIMITS.attempts + 5, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_answer(VerdictName.HOLD, spent, LIMITS)
    assert (step.state, step.attempt_back, step.wait) == (State.PENDING, True, Wait.CHANNEL)


def test_retries_end_in_a_named_quarantine() -> None:
    spent = Standing(attempt=LIMITS.attempts, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_answer(VerdictName.RETRY, spent, LIMITS)
    assert (step.state, step.cause) == (State.QUARANTINED, Cause.EXHAUSTED)


def test_exhausted_unknowns_stay_unknown() -> None:
    spent = Standing(attempt=LIMITS.attempts, crashes=0, newer_exists=False, has_body=True)
    step = lifecycle.after_find(SightingName.UNREADABLE, spent, LIMITS, create_idempotent=False, settled=True)
    assert step.state is State.UNKNOWN


def test_an_early_absence_is_not_believed_where_creates_double() -> None:
    step = lifecycle.after_find(SightingName.ABSENT, FRESH, LIMITS, create_idempotent=False, settled=False)
    assert (step.state, step.wait) == (State.UNKNOWN, Wait.SETTLED)


def test_a_version_whose_text_was_erased_is_never_sent_again() -> None:
    erased = Standing(attempt=1, crashes=0, newer_exists=False, has_body=False)
    step = lifecycle.after_find(SightingName.ABSENT, erased, LIMITS, create_idempotent=True, settled=True)
    assert (step.state, step.cause) == (State.NOT_SENT, Cause.BECAME_SECRET)


@pytest.mark.parametrize(("times", "low", "high"), [(1, 30, 60), (2, 60, 90), (3, 120, 150), (60, 3600, 3630)])
def test_the_delay_doubles_to_a_cap_and_jitters_outside_it(times: int, low: float, high: float) -> None:
    assert lifecycle.delay_s(times, 0.0, LIMITS) == low
    assert low <= lifecycle.delay_s(times, 0.999, LIMITS) < high
