"""How fast the national side may be asked: its own rate limit, a ramp after a hold, a budget of repeated attempts, and
shares by which a claim is dealt out. Pure: the time is passed in. May import: `model`.

    pace     what remains of the national side's window; nothing leaves beyond it
    ramp     after a hold 1, 2, 4 … deliveries a batch, while answers are good
    credit   each first attempt earns a part of a repeated one, and each minute some more
    deal     one of each share in turn: who has work gets at least a third of what there is, and what others leave
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from connector.core.model import Rate

LONGEST_PACE_S = 900.0
"""No window is waited for longer; whatever the national side says, it is asked again then."""

ROUNDING_S = 1.0
"""Servers tell whole seconds: one more, so that nobody comes a moment before the window is open."""

FULL_RAMP = 1_024
"""A ramp that has come so far is over: no batch is larger."""

WHOLE = 100
"""Credit is counted in hundredths of a repeated attempt."""

EARNED = 20
"""What a first attempt adds: in the long run one repeated attempt on five first ones (a fifth, as Finagle's)."""

SAVED_MINUTES = 10
"""Of credit that time adds, no more is saved up: after a long quiet time a sick record set still meets the bound."""

SHARES = 3
"""Of a claim: what a person asked for, first attempts, repeated ones."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pace:
    """What remains of the national side's present window, which ends at `until`; None: no window is known to be open.

    limit: the most that a window was seen to hold."""

    limit: int
    remaining: int
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of repeated attempts. a_minute: how many a minute adds, so that the last retries of a quiet day do not
    wait for fresh records."""

    a_minute: int = 20

    @property
    def most(self) -> int:
        """The most that is saved up."""
        return self.a_minute * SAVED_MINUTES * WHOLE

    def credit_now(self, credit: int, credit_at: datetime | None, now: datetime) -> int:
        """Return the credit as it has grown; a channel that was never used begins with all that can be saved."""
        if credit_at is None:
            return self.most
        minutes = max((now - credit_at).total_seconds(), 0.0) / 60
        return int(min(credit + minutes * self.a_minute * WHOLE, self.most))

    def credit_after(self, credit: int, firsts: int, repeats: int) -> int:
        """Return the credit after a claim of so many first and repeated attempts."""
        return max(min(credit + firsts * EARNED - repeats * WHOLE, self.most), 0)

    def seconds_to_one(self, credit: int) -> float:
        """Return how long until one repeated attempt may be made, by time alone."""
        return max(WHOLE - credit, 0) * 60 / (self.a_minute * WHOLE)


def at(pace: Pace, now: datetime) -> Pace:
    """Return the pace as it is now: a window that is over, or was set by a wrong clock, gives way to a full one."""
    if pace.until is not None and now < pace.until <= now + timedelta(seconds=LONGEST_PACE_S + ROUNDING_S):
        return pace
    return Pace(pace.limit, pace.limit)


def told(pace: Pace | None, rate: Rate, now: datetime) -> Pace:
    """Return the pace after an answer that came just now, in whatever order answers come.

    Within a window the lowest remainder counts: it is that of the answer given last. A higher one with a later end
    is a new window's."""
    until = now + timedelta(seconds=min(max(rate.reset_s, 0.0), LONGEST_PACE_S) + ROUNDING_S)
    limit = max(rate.limit or 0, rate.remaining + 1, 1)
    if pace is None:
        return Pace(limit, rate.remaining, until)
    known = at(pace, now)
    limit = limit if rate.limit is not None else max(limit, pace.limit)
    if known.until is None or (rate.remaining > known.remaining and until > known.until + timedelta(seconds=1)):
        return Pace(limit, rate.remaining, until)
    return Pace(limit, min(known.remaining, rate.remaining), max(known.until, until))


def unanswered(pace: Pace | None, requests: int) -> Pace | None:
    """Return the pace after requests of whose answers none speaks of it: they have used it up all the same."""
    if pace is None or (pace.until is None and pace.remaining <= requests):
        return None  # a side that has fallen silent about its limit is believed to have none
    return replace(pace, remaining=max(pace.remaining - requests, 0))


def ramped(ramp: int, *, fine: bool) -> int:
    """Return the size of the next batch of a ramp after one was answered; 0: as many as usual."""
    if not fine:
        return ramp
    return ramp * 2 if ramp * 2 < FULL_RAMP else 0


def deal(shares: Sequence[Sequence[T]], rows: int, turn: int) -> list[T]:
    """Return at most `rows`, one of each share in turn as long as it has any, each share in its own order.

    turn: which share comes first; it moves on with every claim, so that a claim of one serves each in turn."""
    ways = [iter(shares[(turn + n) % len(shares)]) for n in range(len(shares))]
    dealt: list[T] = []
    while ways and len(dealt) < rows:
        for way in list(ways):
            try:
                dealt.append(next(way))
            except StopIteration:
                ways.remove(way)
                continue
            if len(dealt) == rows:
                break
    return dealt
