"""The life of a delivery. Every change of state is a row of a table in this file, and of no other.

    recorded ─► pending ─► sending ─► delivered
                   ▲          │
                   │          ├─► rejected         refused by the national side: mended at the source
                   │          ├─► pending          held or told to wait: same version, later
                   │          └─► unknown          the answer was lost: nobody sends before somebody has looked
                   └── unknown ─► delivered        found: ours, this version, this digest

    quarantined  the row cannot become a document, waits for a parent that is not there, or ran out of attempts
    not_sent     by rule
    superseded   a newer version of the same key took its place

A missing row in a table is the error. May import: `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.core.model import Cause, SightingName, State, VerdictName


class Wait(StrEnum):
    """When a delivery is looked at again."""

    NEVER = "never"  # it is over, or only a person can move it
    NOW = "now"
    BACKOFF = "backoff"  # exponential, by attempts or by finds
    CHANNEL = "channel"  # when the channel is free again
    SETTLED = "settled"  # when an ABSENT can be believed


@dataclass(frozen=True, slots=True)
class Step:
    """What one event makes of a delivery. `attempt_back`: the attempt does not count, nothing was tried."""

    state: State
    wait: Wait = Wait.NEVER
    cause: Cause | None = None
    attempt_back: bool = False


AFTER_ANSWER: Mapping[VerdictName, Step] = {
    VerdictName.DELIVERED: Step(State.DELIVERED),
    VerdictName.HOLD: Step(State.PENDING, Wait.CHANNEL, attempt_back=True),
    VerdictName.RETRY: Step(State.PENDING, Wait.BACKOFF),
    VerdictName.REJECTED: Step(State.REJECTED),
    VerdictName.UNKNOWN: Step(State.UNKNOWN, Wait.NOW),
    VerdictName.CONFLICT: Step(State.UNKNOWN, Wait.NOW),
}
"""sending, answered or not -> next."""

AFTER_FIND: Mapping[SightingName, Step] = {
    SightingName.SAME: Step(State.DELIVERED),
    SightingName.ABSENT: Step(State.PENDING, Wait.NOW),
    SightingName.OLDER: Step(State.PENDING, Wait.NOW),
    SightingName.NEWER: Step(State.UNKNOWN, Wait.NEVER, Cause.NATIONAL_AHEAD),
    SightingName.OTHER: Step(State.UNKNOWN, Wait.NEVER, Cause.CONFLICT),
    SightingName.SEVERAL: Step(State.UNKNOWN, Wait.NEVER, Cause.SEVERAL),
    SightingName.UNREADABLE: Step(State.UNKNOWN, Wait.BACKOFF),
    SightingName.HELD: Step(State.UNKNOWN, Wait.CHANNEL),
}
"""unknown, looked for -> next."""

AFTER_CRASH = Step(State.UNKNOWN, Wait.NOW)
"""sending, and its owner is gone: bytes may have left."""

ON_RESYNC: Mapping[State, Step] = {
    State.DELIVERED: Step(State.UNKNOWN, Wait.NOW),  # look first; put again only if absent or older
    State.REJECTED: Step(State.PENDING, Wait.NOW),
    State.PENDING: Step(State.PENDING, Wait.NOW),
    State.QUARANTINED: Step(State.PENDING, Wait.NOW),  # only where it has a body: exhausted, crash, guard
    State.UNKNOWN: Step(State.UNKNOWN, Wait.NOW),
}
"""A person asks for the same version again."""

REPLACEABLE = frozenset({State.PENDING, State.REJECTED, State.QUARANTINED, State.NOT_SENT})
"""States of an older version that a newer one turns into superseded. sending and unknown must be settled first,
delivered is history."""

ACTIVE = frozenset({State.SENDING, State.UNKNOWN})
"""At most one version of a key is in these: the national side may be acting on it."""

NEEDS_ATTENTION = frozenset({State.UNKNOWN, State.REJECTED, State.QUARANTINED})
"""Any current version in these makes a run partial; so do blocked children and returned records."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the retries of one delivery."""

    attempts: int = 12
    crashes: int = 5
    first_delay_s: float = 30.0
    longest_delay_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What `settle` must know of a delivery besides the event."""

    attempt: int
    crashes: int
    newer_exists: bool
    has_body: bool


def after_answer(verdict: VerdictName, standing: Standing, limits: Limits) -> Step:
    """Return what the answer to a submit makes of the delivery."""
    return settle(AFTER_ANSWER[verdict], standing, limits)


def after_find(
    sighting: SightingName, standing: Standing, limits: Limits, *, create_idempotent: bool, settled: bool
) -> Step:
    """Return what a sighting makes of an unknown delivery.

    settled: enough time has passed since the last byte that what is not there is not merely late. A side that takes
    a repeated create for what it is needs no such wait, and may be sent to again even if it cannot be read."""
    step = AFTER_FIND[sighting]
    if step.state is State.PENDING:  # absent, or older: perhaps only not yet there
        if not (settled or create_idempotent):
            return Step(State.UNKNOWN, Wait.SETTLED)
        if standing.attempt > 1:
            step = replace(step, wait=Wait.BACKOFF)
    if sighting is SightingName.UNREADABLE and create_idempotent:
        again = settle(Step(State.PENDING, Wait.BACKOFF), standing, limits)
        return again if again.state is State.PENDING else step  # only a sighting ends an unknown for good
    return settle(step, standing, limits)


def settle(step: Step, standing: Standing, limits: Limits) -> Step:
    """Return the step, corrected where going back to pending makes no sense any more."""
    if step.state is not State.PENDING:
        return step
    if standing.newer_exists:
        return Step(State.SUPERSEDED)
    if not standing.has_body:
        return Step(State.NOT_SENT, cause=Cause.BECAME_SECRET)
    if step.attempt_back:
        return step
    if standing.attempt >= limits.attempts:
        return Step(State.QUARANTINED, cause=Cause.EXHAUSTED)
    if standing.crashes >= limits.crashes:
        return Step(State.QUARANTINED, cause=Cause.CRASH)
    return step


def on_resync(state: State, standing: Standing) -> Step | None:
    """Return what asking again makes of the newest version, or None where there is nothing to ask for."""
    step = ON_RESYNC.get(state)
    if step is None or (not standing.has_body and step.state is State.PENDING):
        return None
    return replace(step)


def delay_s(times: int, jitter: float, limits: Limits) -> float:
    """Return the wait before try `times` + 1, in seconds; `jitter` in [0, 1) is added outside the cap, so that
    records which failed together do not come back together even at the longest delay.

    With the defaults: 30 to 60 s, 60 to 90, 120 to 150, … 3600 to 3630."""
    doubled = limits.first_delay_s * 2.0 ** min(max(times - 1, 0), 30)
    return min(limits.longest_delay_s, doubled) + jitter * limits.first_delay_s
