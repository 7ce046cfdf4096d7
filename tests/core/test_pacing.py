"""Paces, ramps, credit and shares: pure calculations, so every order of answers can be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.core import pacing
from connector.core.model import Rate
from connector.core.pacing import EARNED, WHOLE, Budget, Pace

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
BUDGET = Budget()


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_a_first_answer_opens_a_window_of_whole_seconds() -> None:
    assert pacing.told(None, Rate(9, 30.0, 10), NOW) == Pace(10, 9, after(31))
    assert pacing.told(None, Rate(9, 30.0), NOW) == Pace(10, 9, after(31))


@given(st.permutations([4, 5, 6, 7]))
def test_answers_may_come_in_any_order(remainders: list[int]) -> None:
    pace = pacing.told(None, Rate(8, 30.0, 10), NOW)
    for remaining in remainders:
        pace = pacing.told(pace, Rate(remaining, 30.0, 10), NOW)
    assert pace == Pace(10, 4, after(31))


def test_a_new_window_is_told_by_more_that_remains_for_longer() -> None:
    old = Pace(10, 2, after(1))
    assert pacing.told(old, Rate(9, 30.0, 10), NOW) == Pace(10, 9, after(31))
    assert pacing.told(old, Rate(3, 0.0, 10), NOW) == Pace(10, 2, after(1))


def test_a_window_that_is_over_gives_way_to_a_full_one() -> None:
    assert pacing.at(Pace(10, 0, after(1)), NOW) == Pace(10, 0, after(1))
    assert pacing.at(Pace(10, 0, after(1)), after(1)) == Pace(10, 10)


def test_a_window_from_a_wrong_clock_is_waited_for_by_nobody() -> None:
    assert pacing.at(Pace(10, 0, after(86_400)), NOW) == Pace(10, 10)


def test_requests_without_a_word_use_the_window_up() -> None:
    assert pacing.unanswered(Pace(10, 3, after(9)), 2) == Pace(10, 1, after(9))
    assert pacing.unanswered(Pace(10, 1, after(9)), 2) == Pace(10, 0, after(9))
    assert pacing.unanswered(Pace(10, 2), 2) is None
    assert pacing.unanswered(None, 1) is None


def test_repeated_attempts_are_a_fifth_of_first_ones_and_some_a_minute() -> None:
    credit, repeated = 0, 0
    for _ in range(10_000):  # a sick server: of every first attempt a retry wants to be sent, again and again
        credit = BUDGET.credit_after(credit, 1, 0)
        while credit >= WHOLE:
            credit, repeated = BUDGET.credit_after(credit, 0, 1), repeated + 1
    assert repeated == 10_000 * EARNED // WHOLE
    assert BUDGET.credit_now(0, NOW, after(60)) == BUDGET.a_minute * WHOLE
    assert BUDGET.credit_now(0, NOW, after(86_400)) == BUDGET.most
    assert BUDGET.credit_now(0, None, NOW) == BUDGET.most


def test_a_clock_that_was_set_back_takes_no_credit_away() -> None:
    assert BUDGET.credit_now(70, NOW, after(-3600)) == 70


@given(st.integers(0, 2 * WHOLE))
def test_whoever_waits_for_credit_has_it_then(credit: int) -> None:
    seconds = BUDGET.seconds_to_one(credit)
    assert BUDGET.credit_now(credit, NOW, after(seconds + 0.001)) >= WHOLE


SHARES = st.lists(st.integers(0, 40), min_size=3, max_size=3)


@given(SHARES, st.integers(1, 60), st.integers(0, 2))
def test_a_claim_is_full_and_each_share_gets_a_third_of_it_or_all_it_has(
    sizes: list[int], rows: int, turn: int
) -> None:
    shares = [[(share, n) for n in range(size)] for share, size in enumerate(sizes)]
    dealt = pacing.deal(shares, rows, turn)
    assert len(dealt) == min(rows, sum(sizes))
    for share, size in enumerate(sizes):
        got = [n for one, n in dealt if one == share]
        assert got == list(range(len(got)))  # oldest first inside a share
        assert len(got) >= min(size, rows // 3)


@given(SHARES, st.integers(1, 7))
def test_nothing_that_is_due_waits_for_more_claims_than_its_place_in_its_share(sizes: list[int], rows: int) -> None:
    """However many arrive in the other shares: those are filled up again before every claim."""
    for own, size in enumerate(sizes):
        waiting = list(range(size))
        turn, claims = 0, 0
        while waiting:
            shares: list[list[int]] = [[-1] * 100 for _ in sizes]
            shares[own] = waiting
            got = [n for n in pacing.deal(shares, rows, turn) if n >= 0]
            waiting = waiting[len(got) :]
            turn, claims = (turn + 1) % 3, claims + 1
        assert claims <= 3 * size
