"""How the way to the national side is, per agency and ledger generation.

Kept in the store, so that a restart forgets no hold and no window, and another target inherits none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from connector.core import lifecycle, pacing
from connector.core.lifecycle import Limits
from connector.core.model import Actor, Event
from connector.core.pacing import Budget, Pace
from connector.store.db import Tx
from connector.store.tables import Channel, table_of

_channel = table_of(Channel)

_THE_CHANNEL = (_channel.c.agency == bindparam("agency"), _channel.c.generation == bindparam("generation"))
_STATE = select(*(column for column in _channel.c if column.name not in ("agency", "generation"))).where(*_THE_CHANNEL)
_FORGET = delete(_channel).where(*_THE_CHANNEL)
_KEEP = insert(_channel)

UNKNOWN_RUN = 3
"""So many unknowns in a row, each of another key, mean that the channel is ill and not the records."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The channel of one agency. `held_until` None: free; see the table for the rest."""

    held_until: datetime | None = None
    held_since: datetime | None = None
    rule: str | None = None
    holds: int = 0
    unknown_keys: str = ""
    ramp: int = 0
    pace_limit: int | None = None
    pace_remaining: int | None = None
    pace_until: datetime | None = None
    credit: int = 0
    credit_at: datetime | None = None
    turn: int = 0

    @property
    def pace(self) -> Pace | None:
        """What the national side last said of its rate limit; None: nothing, or no more."""
        if self.pace_limit is None or self.pace_remaining is None:
            return None
        return Pace(self.pace_limit, self.pace_remaining, self.pace_until)

    def paced_until(self, now: datetime) -> datetime | None:
        """Return until when nothing may be asked because the present window is used up; None: it is not."""
        pace = pacing.at(self.pace, now) if self.pace else None
        return pace.until if pace is not None and not pace.remaining else None

    def free_at(self, now: datetime) -> datetime | None:
        """Return from when on the channel can be used, None: at once."""
        return max((at for at in (self.held_until, self.paced_until(now)) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Signal:
    """What one exchange says about the channel: `hold` with the wait it asked for, `unknown` of a key, or fine."""

    hold: bool
    unknown_key: str | None
    rule: str
    retry_after_s: float | None = None


def state_of(connection: Connection, agency: str, generation: int) -> ChannelState:
    """Return the channel's state; a channel nobody has used yet is free."""
    row = connection.execute(_STATE, {"agency": agency, "generation": generation}).mappings().first()
    return ChannelState() if row is None else ChannelState(**row)


def observe(
    tx: Tx, agency: str, generation: int, signals: Sequence[Signal], limits: Limits, jitter: float, actor: Actor
) -> ChannelState:
    """Take in what a batch of exchanges says, hold the channel where they ask for it, and return its new state."""
    before = state_of(tx.connection, agency, generation)
    after = before
    for signal in signals:
        after = _after(after, signal, tx.now, limits, jitter)
    if after.ramp and signals:
        fine = not any(signal.hold or signal.unknown_key is not None for signal in signals)
        after = replace(after, ramp=pacing.ramped(after.ramp, fine=fine))
    if after != before:
        _write(tx, agency, generation, after)
    if after.held_until != before.held_until and after.held_until is not None:
        facts = {"rule": after.rule, "until": after.held_until.isoformat(), "holds": after.holds}
        tx.audit(Event("channel.held", agency, actor, tx.now, facts=facts))
    return after


def _after(state: ChannelState, signal: Signal, now: datetime, limits: Limits, jitter: float) -> ChannelState:
    fine = signal.unknown_key is None
    run = [] if fine else list(dict.fromkeys([*state.unknown_keys.splitlines(), str(signal.unknown_key)]))
    if not signal.hold and len(run) < UNKNOWN_RUN:
        holds = 0 if fine and state.held_until is None else state.holds
        return replace(state, holds=holds, unknown_keys="\n".join(run))
    over = state.held_until is None or state.held_until <= now
    holds = state.holds + over  # answers that come back together count as one hold
    wait_s = signal.retry_after_s
    if wait_s is None:
        wait_s = lifecycle.delay_s(holds, jitter, limits)
    until = now + timedelta(seconds=wait_s + jitter)  # jitter outside what was asked for: not all at one second
    if state.held_until is not None:
        until = max(until, state.held_until)
    since = state.held_since or now
    return replace(state, held_until=until, held_since=since, rule=signal.rule, holds=holds, unknown_keys="")


def keep_pace(tx: Tx, agency: str, generation: int, pace: Pace | None) -> None:
    """Keep what is known of the national side's rate limit."""
    before = state_of(tx.connection, agency, generation)
    limit, remaining, until = (pace.limit, pace.remaining, pace.until) if pace else (None, None, None)
    after = replace(before, pace_limit=limit, pace_remaining=remaining, pace_until=until)
    if after != before:
        _write(tx, agency, generation, after)


def spend(tx: Tx, agency: str, generation: int, budget: Budget, firsts: int, repeats: int) -> None:
    """Book a claim of so many first and repeated attempts; the next claim begins with another share."""
    before = state_of(tx.connection, agency, generation)
    grown = budget.credit_now(before.credit, before.credit_at, tx.now)
    credit = budget.credit_after(grown, firsts, repeats)
    turn = (before.turn + 1) % pacing.SHARES
    _write(tx, agency, generation, replace(before, credit=credit, credit_at=tx.now, turn=turn))


def release(tx: Tx, agency: str, generation: int, actor: Actor) -> None:
    """Free the channel after a probe was answered, for one delivery first, then two, and so on. The count of holds
    stays until something is delivered."""
    before = state_of(tx.connection, agency, generation)
    free = replace(before, held_until=None, held_since=None, rule=None, unknown_keys="", ramp=1)
    _write(tx, agency, generation, free)
    tx.audit(Event("channel.released", agency, actor, tx.now, facts={"rule": before.rule or ""}))


def _write(tx: Tx, agency: str, generation: int, state: ChannelState) -> None:
    which = {"agency": agency, "generation": generation}
    tx.connection.execute(_FORGET, which)
    tx.connection.execute(_KEEP, which | asdict(state))
