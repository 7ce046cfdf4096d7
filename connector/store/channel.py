"""How the way to the national side is, per agency; kept in the store, so that a restart forgets no hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from connector.core import lifecycle
from connector.core.lifecycle import Limits
from connector.core.model import Actor, Event
from connector.store.db import Tx
from connector.store.tables import Channel, table_of

_channel = table_of(Channel)

UNKNOWN_RUN = 3
"""So many unknowns in a row, each of another key, mean that the channel is ill and not the records."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The channel of one agency. `held_until` None: free."""

    held_until: datetime | None = None
    held_since: datetime | None = None
    rule: str | None = None
    holds: int = 0
    unknown_keys: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """What one exchange says about the channel: `hold` with the wait it asked for, `unknown` of a key, or fine."""

    hold: bool
    unknown_key: str | None
    rule: str
    retry_after_s: float | None = None


def state_of(connection: Connection, agency: str) -> ChannelState:
    """Return the channel's state; a channel nobody has used yet is free."""
    row = connection.execute(select(_channel).where(_channel.c.agency == agency)).mappings().first()
    if row is None:
        return ChannelState()
    return ChannelState(**{name: value for name, value in row.items() if name != "agency"})


def observe(
    tx: Tx, agency: str, signals: Sequence[Signal], limits: Limits, jitter: float, actor: Actor
) -> ChannelState:
    """Take in what a batch of exchanges says, hold the channel where they ask for it, and return its new state."""
    before = state_of(tx.connection, agency)
    after = before
    for signal in signals:
        after = _after(after, signal, tx.now, limits, jitter)
    if after != before:
        _write(tx, agency, after)
    if after.held_until != before.held_until and after.held_until is not None:
        facts = {"rule": after.rule, "until": after.held_until.isoformat(), "holds": after.holds}
        tx.audit(Event("channel.held", agency, actor, tx.now, facts=facts))
    return after


def _after(state: ChannelState, signal: Signal, now: datetime, limits: Limits, jitter: float) -> ChannelState:
    fine = signal.unknown_key is None
    run = [] if fine else list(dict.fromkeys([*state.unknown_keys.splitlines(), str(signal.unknown_key)]))
    if not signal.hold and len(run) < UNKNOWN_RUN:
        holds = 0 if fine and state.held_until is None else state.holds
        return ChannelState(state.held_until, state.held_since, state.rule, holds, "\n".join(run))
    over = state.held_until is None or state.held_until <= now
    holds = state.holds + over  # answers that come back together count as one hold
    wait_s = signal.retry_after_s
    if wait_s is None:
        wait_s = lifecycle.delay_s(holds, jitter, limits)
    until = now + timedelta(seconds=wait_s + jitter)  # jitter outside what was asked for: not all at one second
    if state.held_until is not None:
        until = max(until, state.held_until)
    return ChannelState(until, state.held_since or now, signal.rule, holds)


def release(tx: Tx, agency: str, actor: Actor) -> None:
    """Free the channel after a probe was answered. The count of holds stays until something is delivered."""
    before = state_of(tx.connection, agency)
    _write(tx, agency, ChannelState(holds=before.holds))
    tx.audit(Event("channel.released", agency, actor, tx.now, facts={"rule": before.rule or ""}))


def _write(tx: Tx, agency: str, state: ChannelState) -> None:
    tx.connection.execute(delete(_channel).where(_channel.c.agency == agency))
    tx.connection.execute(
        insert(_channel).values(
            agency=agency,
            held_until=state.held_until,
            held_since=state.held_since,
            rule=state.rule,
            holds=state.holds,
            unknown_keys=state.unknown_keys,
        )
    )
