"""The gate before the national side: may the agency's channel be used now?"""

from __future__ import annotations

from connector.national.base import National
from connector.stages.context import Context
from connector.store import channel
from connector.store.channel import Signal

LONGEST_HOLD_S = 960.0
"""No hold is longer: `Retry-After` is capped at 900 s (national/rules.py)."""


def channel_is_free(context: Context, national: National) -> bool:
    """Return whether the agency's channel may be used now. A hold that has run out is ended by one answered read,
    never by time alone; an unanswered one prolongs it."""
    with context.store.read() as connection:
        state = channel.state_of(connection, context.agency, context.generation)
    if state.held_until is None:
        return True
    wait_s = (state.held_until - context.now()).total_seconds()
    if 0 < wait_s <= max(LONGEST_HOLD_S, context.limits.longest_delay_s + context.limits.first_delay_s):
        return False  # a longer hold was set by a clock that was wrong then: it has run out
    answered = national.probe()
    with context.store.write() as tx:
        if answered:
            channel.release(tx, context.agency, context.generation, context.actor)
        else:
            refused = [Signal(hold=True, unknown_key=None, rule="probe")]
            channel.observe(
                tx, context.agency, context.generation, refused, context.limits, context.jitter(), context.actor
            )
    return answered
