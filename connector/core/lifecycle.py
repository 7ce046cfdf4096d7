"""The life of a delivery. Every change of state is a row of a table in this file, and of no other.

    recorded ─► pending ─► sending ─► delivered
                   ▲          │
                   │          ├─► rejected         refused by the national side: mended at the source
                   │          ├─► pending          held or told to wait: same version, later
                   │          └─► unknown          the answer was lost: nobody sends before somebody has looked
                   └── unknown ─► delivered        found: ours, this version, this digest; or a person says so

    quarantined  the row cannot become a document, waits for a parent that is not there, or ran out of attempts
    not_sent     by rule
    retracted    its withdrawal was received; a newer version that is put reinstates it
    superseded   a newer version of the same key took its place

A missing row in a table is the error. May import: `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from connector.core.model import Capabilities, Cause, Decision, Kind, Operation, SightingName, State, VerdictName


class Wait(StrEnum):
    """When a delivery is looked at again."""

    NEVER = "never"  # it is over, or only a person can move it
    NOW = "now"
    BACKOFF = "backoff"  # exponential, by attempts or by finds
    CHANNEL = "channel"  # when the channel is free again
    SETTLED = "settled"  # when an ABSENT can be believed


class Probable(StrEnum):
    """What to do where a look before a create shows cases that others may have made of the same matter."""

    ASK = "ask"
    CREATE = "create"
    LINK = "link"  # only to the only one


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
    VerdictName.ASK: Step(State.UNKNOWN, Wait.NEVER, Cause.SEVERAL, attempt_back=True),
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

OF_WITHDRAWAL: Mapping[State, State] = {State.DELIVERED: State.RETRACTED}
"""Where a withdrawal ends that would leave a put in the first state."""

AFTER_CRASH = Step(State.UNKNOWN, Wait.NOW)
"""sending, and its owner is gone: bytes may have left."""

OVERTAKEN = Step(State.QUARANTINED, cause=Cause.GUARD)
"""pending, and what it hangs on was concealed or set aside since: its own row must be read again first."""

WITHOUT_FIND: Mapping[bool, Step] = {
    True: Step(State.PENDING, Wait.NOW),
    False: Step(State.UNKNOWN, Wait.NEVER, Cause.NOT_FINDABLE),
}
"""unknown, of a kind that nobody can look for -> next, by whether it may be sent again unseen. What may not has had its
one attempt: a person looks on the national website."""

BEFORE_SENDING: Mapping[SightingName, VerdictName | None] = {
    SightingName.SAME: VerdictName.DELIVERED,
    SightingName.ABSENT: None,
    SightingName.OLDER: None,
    SightingName.NEWER: VerdictName.CONFLICT,
    SightingName.OTHER: VerdictName.CONFLICT,
    SightingName.SEVERAL: VerdictName.ASK,
    SightingName.UNREADABLE: VerdictName.RETRY,
    SightingName.HELD: VerdictName.HOLD,
}
"""sending, and looked for first because a repeated create counts twice -> the verdict; None: send."""

ON_DECISION: Mapping[Decision, Step] = {
    Decision.LINK: Step(State.DELIVERED),
    Decision.CREATE: Step(State.PENDING, Wait.NOW),
}
"""unknown, and a person decides -> next."""

DECIDABLE = frozenset({Cause.SEVERAL, Cause.NOT_FINDABLE})
"""Causes that a person's word can end. CONFLICT and NATIONAL_AHEAD are not among them: there the national side holds
something under our own key, and a word here would not change what it holds."""

ON_RESYNC: Mapping[State, Step] = {
    State.DELIVERED: Step(State.UNKNOWN, Wait.NOW),  # look first; put again only if absent or older
    State.REJECTED: Step(State.PENDING, Wait.NOW),
    State.PENDING: Step(State.PENDING, Wait.NOW),
    State.QUARANTINED: Step(State.PENDING, Wait.NOW),  # only where it has a body: exhausted, crash, guard
    State.UNKNOWN: Step(State.UNKNOWN, Wait.NOW),
}
"""A person asks for the same version again. What would be looked for and cannot be is sent again where that is safe,
and else left as it is (`on_resync`)."""

REPLACEABLE = frozenset({State.PENDING, State.REJECTED, State.QUARANTINED, State.NOT_SENT})
"""States of an older version that a newer one turns into superseded. sending and unknown must be settled first,
delivered is history."""

ACTIVE = frozenset({State.SENDING, State.UNKNOWN})
"""At most one version of a key is in these: the national side may be acting on it."""

NEEDS_ATTENTION = frozenset({State.UNKNOWN, State.REJECTED, State.QUARANTINED})
"""Any current version in these makes a run partial; so do blocked children and returned records."""


ALONE_AFTER = 2
"""Crashes after which a delivery is claimed alone. Until then those that were on their way with it are as suspect; what
dies with it alone is this one's fault, or a kill from outside, and a person finds out which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the retries of one delivery. `crashes`: the last of them came while it was alone."""

    attempts: int = 12
    crashes: int = 3
    first_delay_s: float = 30.0
    longest_delay_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What `settle` must know of a delivery besides the event."""

    attempt: int
    crashes: int
    newer_exists: bool
    has_body: bool


@dataclass(frozen=True, slots=True)
class Recourse:
    """What the national side allows about a delivery whose answer is lost.

    findable: it can be looked for; create_idempotent: a repeated create is taken for what it is; own_update: it is an
    update that may be repeated, by a national id that we know. With none of the three, one attempt, then a person."""

    findable: bool = True
    create_idempotent: bool = False
    own_update: bool = False

    @property
    def repeatable(self) -> bool:
        """Return whether it may be sent again without a look."""
        return self.create_idempotent or self.own_update


def recourse_of(kind: Kind, own: str | None, capabilities: Capabilities) -> Recourse:
    """Return what a profile allows about a delivery of this kind; `own`: its national id, as far as we know it."""
    return Recourse(
        findable=kind in capabilities.findable,
        create_idempotent=kind in capabilities.create_idempotent,
        own_update=bool(own) and kind in capabilities.update_idempotent,
    )


@dataclass(frozen=True, slots=True)
class Absence:
    """How well founded an ABSENT is. settled: enough time has passed since the last byte that what is not there is
    not merely late; seen_enough: it was seen as often in a row as the profile demands, this time included."""

    settled: bool
    seen_enough: bool = True


def before_sending(sighting: SightingName, probable: int, policy: Probable, *, decided: bool) -> VerdictName | None:
    """Return what a look before sending says, None: send.

    probable: how many cases the look showed that are not certainly ours; decided: a person has said that a create is
    right all the same."""
    verdict = BEFORE_SENDING[sighting]
    if sighting is SightingName.ABSENT and probable and policy is not Probable.CREATE:
        verdict = VerdictName.DELIVERED if policy is Probable.LINK and probable == 1 else VerdictName.ASK
    return None if decided and (verdict is VerdictName.ASK or sighting is SightingName.ABSENT) else verdict


def after_answer(verdict: VerdictName, standing: Standing, limits: Limits, recourse: Recourse) -> Step:
    """Return what the answer to a submit makes of the delivery."""
    step = settle(AFTER_ANSWER[verdict], standing, limits)
    if recourse.findable or step.state is not State.UNKNOWN or step.cause is not None:
        return step
    if recourse.repeatable and verdict is VerdictName.UNKNOWN:
        return replace(step, wait=Wait.BACKOFF)
    return WITHOUT_FIND[False]


def after_crash(recourse: Recourse) -> Step:
    """Return what becomes of a delivery whose sender is gone."""
    return AFTER_CRASH if recourse.findable or recourse.repeatable else WITHOUT_FIND[False]


def after_find(
    sighting: SightingName, standing: Standing, limits: Limits, recourse: Recourse, absence: Absence
) -> Step:
    """Return what a sighting makes of an unknown delivery; of a kind that cannot be looked for, what its time makes
    of it.

    A side that takes a repeated create for what it is needs no wait, and may be sent to again even if it cannot be
    read. So may an update by a national id that we know, unless a newer version waits: that one must not be overtaken
    by the older one's late arrival."""
    if not recourse.findable and sighting is not SightingName.HELD:
        return _without_find(standing, limits, recourse, absence)
    step = AFTER_FIND[sighting]
    if step.state is State.PENDING:  # absent, or older: perhaps only not yet there
        if not _may_go_on(standing, recourse, absence):
            return Step(State.UNKNOWN, Wait.SETTLED)
        if sighting is SightingName.ABSENT and not (recourse.repeatable or absence.seen_enough):
            return Step(State.UNKNOWN, Wait.BACKOFF)
        if standing.attempt > 1:
            step = replace(step, wait=Wait.BACKOFF)
    if sighting is SightingName.UNREADABLE and recourse.repeatable:
        again = settle(Step(State.PENDING, Wait.BACKOFF), standing, limits)
        return again if again.state is State.PENDING else step  # only a sighting ends an unknown for good
    return settle(step, standing, limits)


def _may_go_on(standing: Standing, recourse: Recourse, absence: Absence) -> bool:
    """Return whether what was sent before can do no harm any more, however late it arrives."""
    own_update = recourse.own_update and not standing.newer_exists
    return absence.settled or recourse.create_idempotent or own_update


def _without_find(standing: Standing, limits: Limits, recourse: Recourse, absence: Absence) -> Step:
    if not recourse.repeatable:
        return WITHOUT_FIND[False]
    if not _may_go_on(standing, recourse, absence):
        return Step(State.UNKNOWN, Wait.SETTLED)
    again = settle(WITHOUT_FIND[True], standing, limits)
    return again if again.state is not State.QUARANTINED else WITHOUT_FIND[False]  # something may be there


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


def of_operation(operation: Operation, step: Step) -> Step:
    """Return the step as it is for this operation: a withdrawal that was received retracts its key."""
    if operation is Operation.WITHDRAW and step.state in OF_WITHDRAWAL:
        return replace(step, state=OF_WITHDRAWAL[step.state])
    return step


def on_resync(state: State, standing: Standing, recourse: Recourse) -> Step | None:
    """Return what asking again makes of the newest version, or None where there is nothing to ask for."""
    step = ON_RESYNC.get(state)
    if step is not None and step.state is State.UNKNOWN and not recourse.findable:
        step = WITHOUT_FIND[True] if recourse.repeatable else None
    if not standing.has_body:  # if it were absent, there would be nothing to put again
        return None
    return step


def on_decision(decision: Decision, cause: Cause | None, standing: Standing) -> Step | None:
    """Return what a person's word makes of a delivery that waits for one, or None where it cannot end the wait.

    Attempts and crashes of before do not count against what a person wants."""
    if cause not in DECIDABLE:
        return None
    return settle(ON_DECISION[decision], replace(standing, attempt=0, crashes=0), Limits())


def delay_s(times: int, jitter: float, limits: Limits) -> float:
    """Return the wait before try `times` + 1, in seconds; `jitter` in [0, 1) is added outside the cap, so that
    records which failed together do not come back together even at the longest delay.

    With the defaults: 30 to 60 s, 60 to 90, 120 to 150, … 3600 to 3630."""
    doubled = limits.first_delay_s * 2.0 ** min(max(times - 1, 0), 30)
    return min(limits.longest_delay_s, doubled) + jitter * limits.first_delay_s
