"""The gate before the national side: the one place where a stage asks whether, and how much, it may send or ask now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connector.logs import get_logger
from connector.national.base import National
from connector.stages.context import Context
from connector.stages.meter import Meter
from connector.store import channel, marks
from connector.store.channel import ChannelState, Signal
from connector.store.db import Tx

LONGEST_HOLD_S = 960.0
"""No hold is longer: `Retry-After` is capped at 900 s (national/rules.py)."""


@dataclass(frozen=True, slots=True)
class Leave:
    """What a stage may do now: so many at a time, `rows` (never 0 where `why` is empty); or why nothing: `paused` by a
    person, `held`, or `paced` until the next window of the national side's rate limit."""

    rows: int
    why: str = ""


def is_paused(context: Context) -> bool:
    """Return whether a person has stopped all traffic of the agency with the national side."""
    with context.store.read() as connection:
        return marks.channel_is_paused(connection, context.agency)


def meter(context: Context) -> Meter:
    """Return the meter of one run, beginning with what the store knows of the rate limit."""
    with context.store.read() as connection:
        return Meter(channel.state_of(connection, context.agency, context.generation).pace, context.now)


def leave(context: Context, national: National, gauge: Meter, rows: int, requests: int = 1) -> Leave:
    """Return how many of at most `rows`, each up to so many `requests`, may go now.

    A hold that has run out is ended by one answered read, never by time alone; an unanswered one prolongs it."""
    if is_paused(context):
        return Leave(0, "paused")
    with context.store.read() as connection:
        state = channel.state_of(connection, context.agency, context.generation)
    if _still_held(context, state):
        return Leave(0, "held")
    left = gauge.left()
    if left is not None and left < requests:
        return Leave(0, "paced")
    if state.held_until is not None:
        if not _probe(context, national, gauge):
            return Leave(0, "held")
        return Leave(1)
    rows = min(rows, state.ramp) if state.ramp else rows
    return Leave(rows if left is None else min(rows, left // requests))


def _still_held(context: Context, state: ChannelState) -> bool:
    if state.held_until is None:
        return False
    wait_s = (state.held_until - context.now()).total_seconds()
    longest_s = max(LONGEST_HOLD_S, context.limits.longest_delay_s + context.limits.first_delay_s)
    return 0 < wait_s <= longest_s  # a longer hold was set by a clock that was wrong then: it has run out


def _probe(context: Context, national: National, gauge: Meter) -> bool:
    answered = national.probe()
    gauge.spend(1)
    with context.store.write() as tx:
        if answered:
            channel.release(tx, context.agency, context.generation, context.actor)
            get_logger().info("channel.released", agency=context.agency)
        else:
            observe(context, tx, [Signal(hold=True, unknown_key=None, rule="probe")])
    return answered


def observe(context: Context, tx: Tx, signals: Sequence[Signal]) -> None:
    """Take in what exchanges say of the channel. Where a hold begins, the log tells it: once, not whenever it is
    prolonged, however many days that goes on."""
    state = channel.observe(
        tx, context.agency, context.generation, signals, context.limits, context.jitter(), context.actor
    )
    if state.held_until is not None and state.held_since == tx.now:
        get_logger().warning("channel.held", agency=context.agency, rule=state.rule, until=state.held_until.isoformat())
