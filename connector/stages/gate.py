"""The gate before the national side: may the agency's channel be used now?"""

from __future__ import annotations

from connector.national.base import National
from connector.stages.context import Context
from connector.store import channel
from connector.store.channel import Signal


def channel_is_free(context: Context, national: National) -> bool:
    """Return whether the agency's channel may be used now. A hold that has run out is ended by one answered read,
    never by time alone; an unanswered one prolongs it."""
    with context.store.read() as connection:
        state = channel.state_of(connection, context.agency)
    if state.held_until is None:
        return True
    if context.now() < state.held_until:
        return False
    answered = national.probe()
    with context.store.write() as tx:
        if answered:
            channel.release(tx, context.agency, context.actor)
        else:
            refused = [Signal(hold=True, unknown_key=None, rule="probe")]
            channel.observe(tx, context.agency, refused, context.limits, context.jitter(), context.actor)
    return answered
